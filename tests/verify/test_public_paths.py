"""Which paths need no token: the listed ones, and nothing that only looks like them."""

import pytest

from watchword.verify.public_paths import PublicPaths

PUBLIC = PublicPaths(["/healthz", "/static/*", "/"])


@pytest.mark.parametrize("path", ["/healthz", "/", "/static/", "/static/app.js", "/static/css/app.css"])
def test_a_listed_path_is_public(path: str) -> None:
    assert path in PUBLIC


@pytest.mark.parametrize(
    "path",
    [
        "/healthz/",
        "/healthz/x",
        "/healthzz",
        "/HEALTHZ",
        "//healthz",
        "/orders",
        "",
        "/static",
        "/staticx",
        "/static/../orders",
        "/static/..",
        "/static/.",
        "/static/./x",
        "/static//x",
        "/static/a/../../orders",
        "/static/%2e%2e/orders",
        "/static/..;/orders",
        "/static/..\\orders",
        "/static/x\0",
    ],
)
def test_a_path_that_some_router_might_read_otherwise_is_not(path: str) -> None:
    """O102 and its like: what is matched here must be what is routed there."""
    assert path not in PUBLIC


def test_without_paths_nothing_is_public() -> None:
    nothing = PublicPaths(())
    assert not nothing
    assert "/" not in nothing


@pytest.mark.parametrize("path", ["healthz", "*", "/*/x", "/a*", "/static/**", ""])
def test_a_pattern_of_another_form_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="a public path begins with a slash"):
        PublicPaths([path])


def test_one_string_is_not_taken_letter_by_letter() -> None:
    with pytest.raises(TypeError):
        PublicPaths("/healthz")
