"""How a token may be presented (RFC 6750 section 2.1)."""

import pytest

from watchword.verify import PresentationError, TokenMissingError
from watchword.verify.presented import from_request


@pytest.mark.parametrize("value", ["Bearer abc.def.ghi", "bearer abc.def.ghi", "BEARER   abc.def.ghi"])
def test_one_header_with_one_token(value: str) -> None:
    assert from_request([value]).unverified_token == "abc.def.ghi"


@pytest.mark.parametrize("headers", [[], ["Basic dTpw"], ["DPoP abc"], [""], ["Bearerabc"], ["Negotiate"]])
def test_no_token_is_not_an_error_of_the_token(headers: list[str]) -> None:
    with pytest.raises(TokenMissingError):
        from_request(headers)


@pytest.mark.parametrize(
    "headers",
    [
        ["Bearer a", "Bearer a"],
        ["Bearer a", "Basic dTpw"],
        ["Bearer"],
        ["Bearer "],
        ["Bearer a b"],
        ["Bearer a,b"],
        ["Bearer a "],
        ["Bearer a\n"],
        ["Bearer a\tb"],
        ["Bearer =a"],
        ['Bearer "a"'],
        ["Bearer \u00e9"],
    ],
)
def test_a_token_presented_twice_or_badly_is_refused(headers: list[str]) -> None:
    with pytest.raises(PresentationError) as caught:
        from_request(headers)
    assert (caught.value.status, caught.value.error) == (400, "invalid_request")


def test_a_token_in_the_query_is_refused_with_and_without_a_header() -> None:
    for headers in ([], ["Bearer abc"]):
        with pytest.raises(PresentationError):
            from_request(headers, ["page", "access_token"])


def test_a_presented_token_does_not_show_itself() -> None:
    assert "canary" not in repr(from_request(["Bearer canary"]))
