"""Types and boundaries of the registered claims (THREATS J55-J64). Every time is an argument."""

from collections.abc import Callable
from typing import Any

import pytest

from watchword.jose import claims as rules
from watchword.jose.errors import (
    AudienceMismatchError,
    ClaimError,
    IssuerMismatchError,
    TokenExpiredError,
    TokenNotYetValidError,
)

NOW = 1_790_000_000
NO_TIMES = [
    "9999999999",
    "",
    True,
    False,
    None,
    [],
    {},
    float("nan"),
    float("inf"),
    -1,
    -0.5,
    2**63,
    2**1000,
    253402300800,
]


@pytest.mark.parametrize("value", NO_TIMES, ids=str)
@pytest.mark.parametrize("rule", [rules.check_expiry, rules.check_not_before, rules.check_issued_at])
def test_j56_a_present_time_of_the_wrong_kind_is_never_taken_for_absent(rule: Callable[..., Any], value: Any) -> None:
    name = {"check_expiry": "exp", "check_not_before": "nbf", "check_issued_at": "iat"}[rule.__name__]
    with pytest.raises(ClaimError) as caught:
        rule({name: value}, now=NOW)
    assert (caught.value.code, caught.value.claim) == ("claim_invalid", name)


def test_j56_whole_and_broken_seconds_are_times() -> None:
    assert rules.check_expiry({"exp": NOW + 1.5}, now=NOW) == NOW + 1.5
    assert rules.check_expiry({"exp": 253402300799}, now=NOW) == 253402300799


@pytest.mark.parametrize("rule", [rules.check_expiry, rules.check_issued_at])
def test_j57_a_missing_time_is_refused(rule: Callable[..., Any]) -> None:
    with pytest.raises(ClaimError):
        rule({}, now=NOW)


def test_j58_on_the_second_itself_the_token_has_expired() -> None:
    rules.check_expiry({"exp": NOW + 1}, now=NOW)
    for exp in (NOW, NOW - 1, 0):
        with pytest.raises(TokenExpiredError):
            rules.check_expiry({"exp": exp}, now=NOW)


def test_leeway_moves_the_boundary_exactly() -> None:
    rules.check_expiry({"exp": NOW - 29}, now=NOW, leeway=30)
    with pytest.raises(TokenExpiredError):
        rules.check_expiry({"exp": NOW - 30}, now=NOW, leeway=30)


def test_j56_a_number_too_large_for_a_float_is_no_time() -> None:
    for exp in (10**400, -(10**400), 2**1000):
        with pytest.raises(ClaimError):
            rules.numeric_date({"exp": exp}, "exp")


@pytest.mark.parametrize("leeway", [-1, -0.1, 301, float("nan"), float("inf"), True, "5", None])
def test_j59_a_leeway_that_makes_no_sense_is_refused(leeway: Any) -> None:
    with pytest.raises(ValueError, match="leeway"):
        rules.check_leeway(leeway)


@pytest.mark.parametrize(("rule", "name"), [(rules.check_not_before, "nbf"), (rules.check_issued_at, "iat")])
def test_j60_ten_seconds_ahead_pass_and_more_do_not(rule: Callable[..., Any], name: str) -> None:
    rule({name: NOW + 10}, now=NOW)
    for ahead in (11, 61, 3600):
        with pytest.raises(TokenNotYetValidError):
            rule({name: NOW + ahead}, now=NOW)
    rule({name: NOW + 60}, now=NOW, leeway=60)


@pytest.mark.parametrize("aud", ["https://api", ["https://api"], ["other", "https://api"]])
def test_j61_an_exact_member_is_the_audience(aud: Any) -> None:
    rules.check_audience({"aud": aud}, expected="https://api")


@pytest.mark.parametrize("aud", ["https://api/", "https://ap", "https://api.example", "HTTPS://API", ["https://api/x"]])
def test_j61_nearly_the_audience_is_another(aud: Any) -> None:
    with pytest.raises(AudienceMismatchError):
        rules.check_audience({"aud": aud}, expected="https://api")


@pytest.mark.parametrize(
    "aud", ["", [], [""], ["https://api", 1], ["https://api", None], None, 1, {"https://api": 1}, True]
)
def test_j61_an_audience_of_the_wrong_kind_is_refused(aud: Any) -> None:
    with pytest.raises(ClaimError) as caught:
        rules.check_audience({"aud": aud}, expected="https://api")
    assert caught.value.code == "claim_invalid"


@pytest.mark.parametrize(
    "iss", ["https://a.example/", "https://A.example", "https://a.example:443", "https://a.exampl", "a.example", ""]
)
def test_j62_nearly_the_issuer_is_another(iss: str) -> None:
    with pytest.raises(IssuerMismatchError):
        rules.check_issuer({"iss": iss}, expected="https://a.example")


@pytest.mark.parametrize("iss", [["https://a.example"], None, 1, {"https://a.example": 1}])
def test_j55_an_issuer_that_is_no_string_is_refused(iss: Any) -> None:
    with pytest.raises(ClaimError):
        rules.check_issuer({"iss": iss}, expected="https://a.example")


@pytest.mark.parametrize("value", ["", "x" * 256, 1, None, [], {}, True])
def test_j63_j64_names_are_short_strings(value: Any) -> None:
    with pytest.raises(ClaimError):
        rules.text({"sub": value}, "sub", max_characters=255)
    assert rules.text({"sub": "x" * 255}, "sub", max_characters=255) == "x" * 255
