"""Requirements say what is missing (THREATS J70)."""

from typing import Any

import pytest
from tests.verify.tokens import ABSENT, API, NOW, claims

from watchword.verify import RequirementError, VerificationError, VerifiedClaims, requirements
from watchword.verify.errors import StepUpError
from watchword.verify.requirements import Requirement, check

MFA, PASSWORD = "urn:example:mfa", "urn:example:pwd"


def caller(**changes: Any) -> VerifiedClaims:
    return VerifiedClaims(
        claims(**changes), client_id="client-1", scopes=frozenset({"read", "write"}), roles=frozenset({"staff"})
    )


CALLER = caller()


def refusal(required: tuple[Requirement, ...], who: VerifiedClaims = CALLER, *, now: float = NOW) -> VerificationError:
    with pytest.raises(VerificationError) as caught:
        check(who, required, now=now)
    return caught.value


def test_all_of_them_are_required() -> None:
    signed_in = caller(acr=MFA, amr=["pwd", "otp"], auth_time=NOW - 60)
    required = requirements(
        scopes=["read", "write"], roles=["staff"], audience=API, acr_values=[MFA], amr=["otp", "pwd"], max_age=60
    )
    assert check(signed_in, required, now=NOW) is signed_in
    assert check(CALLER, requirements(), now=NOW) is CALLER


@pytest.mark.parametrize(
    ("scopes", "roles", "code", "missing"),
    [
        (["read", "delete"], [], "scope_missing", ("delete",)),
        (["READ"], [], "scope_missing", ("READ",)),
        ([], ["staff", "admin"], "role_missing", ("admin",)),
        (["delete"], ["admin"], "scope_missing", ("delete",)),
        (["staff"], [], "scope_missing", ("staff",)),
        ([], ["read"], "role_missing", ("read",)),
    ],
)
def test_a_refusal_says_what_is_missing(scopes: list[str], roles: list[str], code: str, missing: tuple[str]) -> None:
    error = refusal(requirements(scopes=scopes, roles=roles))
    assert isinstance(error, RequirementError)
    assert (error.code, error.missing, error.status, error.error) == (code, missing, 403, "insufficient_scope")
    assert all(name in str(error) for name in missing)


@pytest.mark.parametrize("audience", ["https://other.example", API + "/", API[:-1]])
@pytest.mark.parametrize("aud", [API, ["https://third.example", API]], ids=str)
def test_j61_the_audience_is_one_exact_member(aud: object, audience: str) -> None:
    who = caller(aud=aud)
    assert check(who, requirements(audience=API), now=NOW) is who
    error = refusal(requirements(audience=audience), who)
    assert (error.code, error.status) == ("audience_mismatch", 401)


def test_the_client_stands_for_the_audience_of_a_token_that_has_none() -> None:
    who = caller(aud=ABSENT)
    assert check(who, requirements(audience="client-1"), now=NOW) is who
    assert refusal(requirements(audience=API), who).code == "audience_mismatch"


@pytest.mark.parametrize("acr", [ABSENT, PASSWORD, "", None, [MFA], 0, MFA.upper()], ids=str)
def test_a_sign_in_that_is_too_weak_asks_for_a_stronger_one(acr: object) -> None:
    error = refusal(requirements(acr_values=[MFA, "urn:example:passkey"], max_age=300), caller(acr=acr, auth_time=NOW))
    assert isinstance(error, StepUpError)
    # One repetition must be enough, so all that will be asked is asked at once.
    assert (error.acr_values, error.max_age) == ((MFA, "urn:example:passkey"), 300)
    assert (error.status, error.error) == (401, "insufficient_user_authentication")
    assert "`acr`" in str(error)
    assert "`auth_time`" not in str(error)


@pytest.mark.parametrize("amr", [ABSENT, [], ["pwd"], "pwd otp", "otp", ["OTP"], {"otp": 1}, None, [["otp"]]], ids=str)
def test_a_method_that_was_not_used_asks_for_another_sign_in(amr: object) -> None:
    error = refusal(requirements(amr=["otp"]), caller(amr=amr))
    assert isinstance(error, StepUpError)
    assert "`amr`" in str(error)


@pytest.mark.parametrize(
    ("max_age", "auth_time", "now"),
    [
        (300, NOW - 300.001, NOW),
        (0, NOW - 1, NOW),
        (0, NOW, NOW + 0.5),
        (300, ABSENT, NOW),
        (0, ABSENT, NOW),
        (300, None, NOW),
        (300, str(NOW), NOW),
        (300, True, NOW),
        (300, -1, NOW),
        (300, float("nan"), NOW),
        (300, float("inf"), NOW),
        (300, NOW + 11, NOW),
    ],
)
def test_j70_a_sign_in_that_is_too_old_or_of_unknown_age_asks_for_another(
    max_age: int, auth_time: object, now: float
) -> None:
    error = refusal(requirements(max_age=max_age), caller(auth_time=auth_time), now=now)
    assert isinstance(error, StepUpError)
    assert error.max_age == max_age
    assert type(error.max_age) is int
    assert "`auth_time`" in str(error)


@pytest.mark.parametrize(("max_age", "auth_time"), [(300, NOW - 300), (0, NOW), (0, NOW + 10), (300, NOW - 0.5)])
def test_j70_zero_is_enforced_and_the_last_second_counts(max_age: int, auth_time: float) -> None:
    who = caller(auth_time=auth_time)
    assert check(who, requirements(max_age=max_age), now=NOW) is who


def test_nobody_signs_in_again_to_be_refused_all_the_same() -> None:
    required = requirements(scopes=["delete"], acr_values=[MFA], max_age=0)
    assert refusal(required).code == "scope_missing"


@pytest.mark.parametrize("option", ["scopes", "roles", "acr_values", "amr"])
def test_one_string_is_not_taken_letter_by_letter(option: str) -> None:
    for given in ("read", b"read", [1], [None]):
        names: Any = {option: given}
        with pytest.raises(TypeError, match=option):
            requirements(**names)
    empty: Any = {option: [""]}
    with pytest.raises(ValueError, match=option):
        requirements(**empty)


@pytest.mark.parametrize(
    ("max_age", "error"), [(True, TypeError), (1.5, TypeError), ("60", TypeError), (-1, ValueError)]
)
def test_max_age_is_whole_seconds(max_age: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="max_age"):
        requirements(max_age=max_age)


@pytest.mark.parametrize(("audience", "error"), [("", ValueError), ([API], TypeError), (7, TypeError)])
def test_the_audience_is_one_name(audience: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="audience"):
        requirements(audience=audience)
