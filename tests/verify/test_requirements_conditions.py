"""Conditions are plain Python, and mistakes in them are never mistaken for a verdict."""

from dataclasses import dataclass
from typing import Any

import pytest
from tests.verify.tokens import NOW, claims

from watchword.verify import RequirementError, VerifiedClaims
from watchword.verify.conditions import requires
from watchword.verify.errors import ConditionError
from watchword.verify.requirements import check

CALLER = VerifiedClaims(claims(), client_id="client-1", scopes=frozenset(), roles=frozenset())


@dataclass
class Order:
    owner: str


is_owner = requires(lambda claims, order: order.owner == claims.sub, name="owner")


def test_a_condition_looks_at_claims_and_at_whatever_it_is_called_with() -> None:
    assert is_owner(CALLER, Order("user-1")) is CALLER
    assert is_owner(CALLER, order=Order("user-1")) is CALLER
    with pytest.raises(ConditionError) as caught:
        is_owner(CALLER, Order("user-2"))
    assert (caught.value.code, caught.value.missing, caught.value.status) == ("condition_not_met", ("owner",), 403)
    assert isinstance(caught.value, RequirementError)
    assert "`owner`" in str(caught.value)


def test_a_condition_on_claims_alone_is_a_requirement() -> None:
    assert check(CALLER, [requires(lambda claims: claims.sub == "user-1")], now=NOW) is CALLER
    with pytest.raises(ConditionError):
        check(CALLER, [requires(lambda claims: claims.is_client)], now=NOW)


def test_the_refusal_names_the_function() -> None:
    @requires
    def works_here(claims: VerifiedClaims) -> bool:
        return claims.get("employer") == "acme"

    with pytest.raises(ConditionError) as caught:
        works_here(CALLER)
    assert caught.value.missing == ("works_here",)
    with pytest.raises(ConditionError) as caught:
        requires(lambda _claims: False)(CALLER)
    assert caught.value.missing == ("condition",)


@pytest.mark.parametrize("verdict", [None, 1, 0, "", "yes", [], [1], 0.5, CALLER], ids=repr)
def test_what_merely_counts_as_true_or_false_is_a_mistake(verdict: Any) -> None:
    condition = requires(lambda _claims: verdict, name="odd")
    with pytest.raises(TypeError, match="odd"):
        condition(CALLER)
    with pytest.raises(TypeError, match="odd"):
        check(CALLER, [condition], now=NOW)


def test_a_condition_that_must_be_awaited_is_a_mistake_and_admits_nobody() -> None:
    async def allowed(claims: VerifiedClaims) -> bool:
        return claims.sub == "user-1"

    function: Any = allowed
    with pytest.raises(TypeError, match="allowed"):
        requires(function)(CALLER)


def test_what_a_condition_raises_is_not_caught() -> None:
    def broken(claims: VerifiedClaims) -> bool:
        return bool(claims["no such claim"])

    with pytest.raises(KeyError):
        check(CALLER, [requires(broken)], now=NOW)
    with pytest.raises(TypeError):
        check(CALLER, [is_owner], now=NOW)  # it needs an order


def test_only_functions_are_conditions() -> None:
    nothing: Any = "claims.sub == 'user-1'"
    with pytest.raises(TypeError):
        requires(nothing)
