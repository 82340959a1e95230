"""How a token may be presented (RFC 6750 section 2.1, RFC 9449 section 7.1)."""

import pytest

from watchword.verify import PresentationError, TokenMissingError
from watchword.verify.presented import from_request


@pytest.mark.parametrize("value", ["Bearer abc.def.ghi", "bearer abc.def.ghi", "BEARER   abc.def.ghi"])
def test_one_header_with_one_token(value: str) -> None:
    presented = from_request([value])
    assert (presented.unverified_token, presented.scheme) == ("abc.def.ghi", "Bearer")


@pytest.mark.parametrize("value", ["DPoP abc.def.ghi", "dpop abc.def.ghi", "DPOP  abc.def.ghi"])
def test_the_other_scheme_is_known_and_what_proves_possession_comes_along(value: str) -> None:
    presented = from_request([value], proofs=["a.b.c"], method="GET", path="/orders", certificate=b"der")
    assert (presented.unverified_token, presented.scheme, presented.proofs) == ("abc.def.ghi", "DPoP", ("a.b.c",))
    assert (presented.method, presented.path, presented.certificate) == ("GET", "/orders", b"der")


@pytest.mark.parametrize("proofs", [["a.b.c", "a.b.c"], ["a.b.c", ""], ["a.b.c, a.b.c"], ["a.b.c,"]])
@pytest.mark.parametrize("scheme", ["Bearer", "DPoP"])
def test_o44_two_dpop_headers_are_refused_also_where_they_were_joined(scheme: str, proofs: list[str]) -> None:
    with pytest.raises(PresentationError):
        from_request([f"{scheme} abc"], proofs=proofs)


@pytest.mark.parametrize(
    "headers", [[], ["Basic dTpw"], ["DPoPabc"], ["Bearer,DPoP a"], [""], ["Bearerabc"], ["Negotiate"]]
)
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
        ["DPoP"],
        ["DPoP a,DPoP b"],
        ["DPoP a", "Bearer a"],
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
    presented = from_request(["DPoP canary"], proofs=["canary"], certificate=b"canary")
    assert "canary" not in repr(presented)
