"""Scopes, resources, PKCE, bearer artefacts, well-known addresses and journal digests."""

import base64
import hashlib

import pytest

from watchword.oauth import bearer, metadata, pkce
from watchword.oauth.errors import InvalidScopeError, InvalidTargetError
from watchword.oauth.resource import check_resource
from watchword.oauth.revocation import journal_digest
from watchword.oauth.scope import parse_scope


def test_scopes_keep_their_order_and_come_once() -> None:
    assert parse_scope("openid orders:read openid") == ("openid", "orders:read")
    assert parse_scope(None) == ()


@pytest.mark.parametrize("text", ['a"b', "a\\b", "a\tb", "é", "a\nb", "x" * 4097])
def test_characters_outside_the_grammar_are_refused(text: str) -> None:
    with pytest.raises(InvalidScopeError):
        parse_scope(text)


@pytest.mark.parametrize(
    "text", ["https://api.example.com", "http://localhost:8401", "urn:example:api", "https://a/b?c=d"]
)
def test_absolute_uris_name_an_api(text: str) -> None:
    assert check_resource(text) == text


@pytest.mark.parametrize(
    "text", ["", "api", "/api", "//api.example.com", "https://a#b", "https://a b", "https://[", "https://é", "https:"]
)
def test_rfc8707_anything_else_does_not(text: str) -> None:
    with pytest.raises(InvalidTargetError):
        check_resource(text)


def test_rfc7636_appendix_b() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert pkce.challenge_of(verifier) == challenge
    assert pkce.verifier_matches(verifier, challenge)
    assert not pkce.verifier_matches(verifier[:-1] + "l", challenge)


@pytest.mark.parametrize("length", [42, 129])
def test_o09_verifiers_of_other_lengths_never_match(length: int) -> None:
    verifier = "a" * length
    assert not pkce.verifier_matches(verifier, pkce.challenge_of(verifier))


@pytest.mark.parametrize("text", ["a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "+", "a" * 42 + "\n"])
def test_o09_only_s256_challenges_are_challenges(text: str) -> None:
    assert not pkce.is_challenge(text)


def test_new_verifiers_are_verifiers_and_differ() -> None:
    one, other = pkce.new_verifier(), pkce.new_verifier()
    assert one != other
    assert pkce.verifier_matches(one, pkce.challenge_of(one))


def test_bearers_differ_and_are_stored_as_sha256() -> None:
    one, other = bearer.new_bearer("wwr"), bearer.new_bearer("wwr")
    assert one != other
    assert len(base64.urlsafe_b64decode(one.removeprefix("wwr_") + "=")) == 32
    assert bearer.digest(one) == hashlib.sha256(one.encode()).hexdigest()


def test_well_known_paths_are_inserted_or_appended() -> None:
    issuer = "https://example.com/tenant"
    assert metadata.openid_configuration_url(issuer) == issuer + "/.well-known/openid-configuration"
    assert (
        metadata.authorization_server_metadata_url(issuer)
        == "https://example.com/.well-known/oauth-authorization-server/tenant"
    )
    assert (
        metadata.protected_resource_metadata_url("http://localhost:8401/")
        == "http://localhost:8401/.well-known/oauth-protected-resource"
    )


def test_journal_digests_keep_kind_issuer_and_value_apart() -> None:
    by_hand = hashlib.sha256(b"grant\x00https://a\x00abc").digest()[:16]
    assert journal_digest("grant", "https://a", "abc") == base64.urlsafe_b64encode(by_hand).decode().rstrip("=")
    assert journal_digest("grant", "https://a", "abc") != journal_digest("token", "https://a", "abc")
    assert journal_digest("grant", "https://ab", "c") != journal_digest("grant", "https://a", "bc")
