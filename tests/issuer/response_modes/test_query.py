"""Answers as query parameters (THREATS O04)."""

import pytest

from watchword.issuer.response_modes.query import redirect, with_query


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://a.example/cb", "https://a.example/cb?code=x%2Fy+z&state=%26"),
        ("https://a.example/cb?d=l%20i&e", "https://a.example/cb?d=l%20i&e&code=x%2Fy+z&state=%26"),
        ("https://a.example/cb?", "https://a.example/cb?code=x%2Fy+z&state=%26"),
        ("https://a.example/cb?d&", "https://a.example/cb?d&code=x%2Fy+z&state=%26"),
        ("com.example.app:/cb", "com.example.app:/cb?code=x%2Fy+z&state=%26"),
    ],
)
def test_what_is_added_stands_behind_what_was_registered(address: str, expected: str) -> None:
    assert with_query(address, {"code": "x/y z", "state": "&"}) == expected
    assert with_query(address, {}) == address


def test_a_redirect_is_303_and_splits_no_header() -> None:
    """O81, RFC 9700 section 4.12"""
    response = redirect("https://a.example/cb", {"state": "a\r\nSet-Cookie: x=y"})
    assert response.status_code == 303
    assert response.headers["location"] == "https://a.example/cb?state=a%0D%0ASet-Cookie%3A+x%3Dy"
    assert response.headers["cache-control"] == "no-store"
