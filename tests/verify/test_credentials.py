"""Who this API is at its issuer."""

import base64

import pytest

from watchword.verify.credentials import ResourceCredentials
from watchword.verify.errors import VerifierSettingsError


def test_both_parts_are_form_encoded_before_they_are_joined() -> None:
    """RFC 6749 section 2.3.1: a colon of the identifier is not the colon between the two."""
    header = ResourceCredentials("https://a.example/x y", "s:é").basic()
    scheme, _, encoded = header.partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(encoded) == b"https%3A%2F%2Fa.example%2Fx+y:s%3A%C3%A9"


def test_j42_the_secret_is_not_shown() -> None:
    assert "canary" not in repr(ResourceCredentials("api", "canary"))


def test_g11_a_secret_that_cannot_be_sent_is_refused_at_once_and_not_repeated() -> None:
    """So does an environment give a variable whose bytes are not UTF-8; the codec's error holds the whole text."""
    with pytest.raises(VerifierSettingsError) as refused:
        ResourceCredentials("api", "canary\udc80")
    assert refused.value.__suppress_context__
    assert "canary" not in f"{refused.value!r} {refused.value.detail}"
