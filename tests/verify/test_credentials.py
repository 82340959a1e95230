"""Who this API is at its issuer."""

import base64

from watchword.verify.credentials import ResourceCredentials


def test_both_parts_are_form_encoded_before_they_are_joined() -> None:
    """RFC 6749 section 2.3.1: a colon of the identifier is not the colon between the two."""
    header = ResourceCredentials("https://a.example/x y", "s:é").basic()
    scheme, _, encoded = header.partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(encoded) == b"https%3A%2F%2Fa.example%2Fx+y:s%3A%C3%A9"


def test_j42_the_secret_is_not_shown() -> None:
    assert "canary" not in repr(ResourceCredentials("api", "canary"))
