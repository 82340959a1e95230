"""docs/sdk.md runs as it stands, against a real issuer inside this process."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.verify.tokens import NOW

from watchword.verify import ConditionError, StepUpError
from watchword.verify.testing import FakeIssuer

DOCUMENT = (Path(__file__).parents[2] / "docs/sdk.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def page() -> dict[str, Any]:
    """Every name that the page defines, in order."""
    names: dict[str, Any] = {}
    for block in BLOCKS:
        exec(compile(block, "docs/sdk.md", "exec"), names)
    return names


def test_every_block_of_the_page_runs(page: dict[str, Any]) -> None:
    assert len(BLOCKS) == 6
    assert {"verifier", "inside", "several", "strict", "asking", "owner"} <= page.keys()


def test_the_first_block_refuses_and_admits(page: dict[str, Any]) -> None:
    with FakeIssuer("https://auth.example.com") as issuer:
        assert page["whose_orders"](issuer.token("alice", scopes=["orders:read"])) == "alice"
        assert page["whose_orders"](issuer.token("alice")) == "refused: scope_missing"
        assert page["whose_orders"](issuer.token("alice", expires_in=-1)) == "refused: token_expired"


def test_the_other_verifiers_admit(page: dict[str, Any]) -> None:
    with FakeIssuer("https://auth.example.com") as ours, FakeIssuer("https://tenant.eu.auth0.com/") as theirs:
        for name in ("inside", "several", "asking"):
            assert page[name].verify(ours.token("alice")).sub == "alice"
        assert page["several"].verify(theirs.token("auth0|bob")).sub == "auth0|bob"


def test_requirements_refuse_in_their_order(page: dict[str, Any]) -> None:
    with FakeIssuer("https://auth.example.com") as issuer:
        issuer.freeze(NOW)
        good: dict[str, Any] = {"scopes": ["orders:write"], "acr": "urn:example:mfa", "auth_time": NOW - 300}
        page["delete_order"](issuer.token("alice", **good), {"owner": "alice"})
        with pytest.raises(ConditionError, match="owner"):
            page["delete_order"](issuer.token("alice", **good), {"owner": "bob"})
        for weaker in ({"auth_time": NOW - 301}, {"acr": "urn:example:pwd"}):
            with pytest.raises(StepUpError):
                page["delete_order"](issuer.token("alice", **{**good, **weaker}), {"owner": "alice"})
