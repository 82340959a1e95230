"""Applications that are made after the issuer was started, and applications whose test is over."""

import subprocess
import sys
from typing import Any

import pytest
from tests.verify.testing.test_fake_issuer import API, ISSUER, code

from watchword.fetch import danger_answer_in_process
from watchword.verify import TrustedIssuer, Verifier, VerifierSettingsError
from watchword.verify.profiles import AUTH0
from watchword.verify.testing import FakeIssuer


def test_an_application_made_later_is_taken_over_too() -> None:
    with FakeIssuer() as active:
        verifier = Verifier(issuer=ISSUER, audience=API, profile="keycloak")
        assert code(verifier, active.token("alice")) == "ok"
        assert (active.issuer, active.audience, active.profile) == (ISSUER, API, "keycloak")


def test_strangers_tokens_reach_no_network_before_the_first_own_token() -> None:
    """The issuer was named by nobody, and the verifier looks elsewhere than under the issuer's name."""
    strangers = FakeIssuer(ISSUER, audience=API).token()
    with FakeIssuer() as active:
        verifier = Verifier(issuer=ISSUER, audience=API, jwks_url="https://keys.example.net/jwks", revocation="off")
        assert code(verifier, strangers) == "key_unknown"
        assert active.requests == ["https://keys.example.net/jwks"]


def test_a_token_made_before_its_application_is_good_if_the_issuer_is_named() -> None:
    with FakeIssuer(ISSUER, audience=API) as active:
        token = active.token()
        assert code(Verifier(issuer=ISSUER, audience=API, jwks_url="https://late.example.net/jwks"), token) == "ok"


def test_a_factory_can_be_told_whom_to_trust() -> None:
    with FakeIssuer() as active:
        made = Verifier(issuer=active.issuer, audience=active.audience, profile=active.profile)
        given = Verifier(issuer=active.issuer, audience=active.audience, keys=active.keys)
        assert (code(made, active.token()), code(given, active.token())) == ("ok", "ok")
        assert active.issuer == "https://issuer.test"


def test_the_application_of_a_finished_test_is_no_longer_asked() -> None:
    class Cyclic:
        def __init__(self) -> None:
            self.me = self
            self.verifier = Verifier(issuer="https://before.example.com", audience="https://old.example.com")

    Cyclic()  # only the collector can remove it
    with FakeIssuer() as active:
        verifier = Verifier(issuer=ISSUER, audience=API)
        assert code(verifier, active.token()) == "ok"
        assert (active.issuer, active.audience) == (ISSUER, API)


def test_one_issuer_for_a_whole_session_serves_application_after_application() -> None:
    with FakeIssuer(ISSUER) as active:
        for audience in (API, "https://other.example.com"):
            verifier = Verifier(issuer=ISSUER, audience=audience)
            token = active.token("alice")
            assert code(verifier, token) == "ok"
            active.revoke(token)
            active.break_down("error", forget=True)
            active.freeze()
            active.reset()
            assert code(verifier, token) == "key_unknown"
            assert code(verifier, active.token("alice")) == "ok"
            del verifier


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({}, "make the application before the token"),
        ({"issuer": ISSUER}, "say audience="),
        ({"issuer": ISSUER, "audience": API, "profile": "home-grown"}, "say profile="),
    ],
)
def test_what_is_not_known_is_asked_for(made: dict[str, Any], said: str) -> None:
    with FakeIssuer(**made) as active, pytest.raises(VerifierSettingsError, match=said):
        active.token()


def test_several_audiences_are_asked_about() -> None:
    orders = Verifier(issuer=ISSUER, audience=API)
    bills = Verifier(issuer=ISSUER, audience="https://bills.example.com")
    with FakeIssuer() as active:
        with pytest.raises(VerifierSettingsError, match=r"say audience= with one of .*bills.*watchword_audience"):
            active.token()
        assert code(bills, active.token(audience="https://bills.example.com")) == "ok"
        assert code(orders, active.token(audience=API)) == "ok"


def test_it_signs_with_what_the_verifiers_take() -> None:
    verifier = Verifier(issuer=ISSUER, audience=API, algorithms=["RS256", "Ed25519"])
    with FakeIssuer() as active:
        assert code(verifier, active.token()) == "ok"
        assert [key.alg for key in active.keys] == ["Ed25519"]


def test_keys_that_take_long_are_made_once() -> None:
    """RSA keys, which the only algorithm of some issuers needs; no two active issuers have the same one."""
    verifier = Verifier(issuer=ISSUER, audience=API, profile="entra")
    with FakeIssuer() as first:
        assert code(verifier, first.token(scopes=["orders:read"])) == "ok"
        made = [key.thumbprint() for key in first.keys]
    with FakeIssuer(profile="entra") as second:
        assert code(verifier, second.token(scopes=["orders:read"])) == "ok"
        assert [key.thumbprint() for key in second.keys] == made
        with FakeIssuer("https://b.example.com", profile="entra") as third:
            assert [key.thumbprint() for key in third.keys] != made


def test_a_profile_of_ones_own_says_how_it_differs() -> None:
    verifier = Verifier(issuer=ISSUER, audience=API, profile=AUTH0.with_roles("https://example.com/roles"))
    with FakeIssuer(profile="auth0") as active:
        extra: dict[str, Any] = {"https://example.com/roles": ["staff"]}
        assert verifier.verify(active.token("alice", **extra)).roles == {"staff"}


def test_several_issuers_live_under_one_origin() -> None:
    """As realms of Keycloak and tenants of Entra do; one that is down takes no other with it."""
    realms = ["https://sso.example.com/realms/a", "https://sso.example.com/realms/b"]
    verifier = Verifier(audience=API, issuers=[TrustedIssuer(issuer=realm, profile="keycloak") for realm in realms])
    with FakeIssuer(realms[0]) as first, FakeIssuer(realms[1]) as second:
        first.break_down()
        assert code(verifier, second.token()) == "ok"
        assert code(verifier, first.token()) == "keys_unavailable"
        first.mend()
        assert code(verifier, first.token()) == "ok"
    with danger_answer_in_process("https://sso.example.com", lambda _: pytest.fail("nobody asks")):
        pass  # the origin is free again


def test_django_projects_are_known_before_their_first_request() -> None:
    """In a process of its own, as one has one project; no URL has been resolved, so nothing of ours is loaded."""
    program = """
import django
from django.conf import settings
settings.configure(WATCHWORD={"issuer": "https://auth.example.com", "audience": "https://api.example.com"})
django.setup()
from watchword.verify.testing import FakeIssuer
with FakeIssuer() as issuer:
    issuer.token()
    print(issuer.issuer, issuer.audience)
"""
    ran = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [ISSUER, API]
    assert "a FakeIssuer answers for https://auth.example.com" in ran.stderr
