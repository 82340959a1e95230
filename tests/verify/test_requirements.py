"""Requirements say what is missing."""

import pytest
from tests.verify.tokens import NOW, claims

from watchword.verify import RequirementError, VerifiedClaims, requirements
from watchword.verify.requirements import check

CALLER = VerifiedClaims(claims(), client_id="client-1", scopes=frozenset({"read", "write"}), roles=frozenset({"staff"}))


def test_all_of_them_are_required() -> None:
    assert check(CALLER, requirements(scopes=["read", "write"], roles=["staff"]), now=NOW) is CALLER
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
    with pytest.raises(RequirementError) as caught:
        check(CALLER, requirements(scopes=scopes, roles=roles), now=NOW)
    assert (caught.value.code, caught.value.missing, caught.value.status) == (code, missing, 403)
    assert all(name in str(caught.value) for name in missing)


def test_one_string_is_not_taken_letter_by_letter() -> None:
    with pytest.raises(TypeError):
        requirements(scopes="read")
    with pytest.raises(TypeError):
        requirements(roles="admin")
