"""The packaged files as browsers get them: cached for a year under their hash, and no other file ever."""

import re

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from watchword.issuer.interaction.assets import STATIC_ROUTE, assets, static_url

client = TestClient(Starlette(routes=[STATIC_ROUTE]))


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("watchword.css", "text/css; charset=utf-8"),
        ("mark.svg", "image/svg+xml"),
        ("favicon.svg", "image/svg+xml"),
    ],
)
def test_served_with_its_type(name: str, media_type: str) -> None:
    answer = client.get(static_url(name))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.content == assets()[name].body


def test_address_changes_with_the_content() -> None:
    assert re.fullmatch(r"/static/watchword\.css\?v=[0-9a-f]{16}", static_url("watchword.css"))
    assert static_url("watchword.css").partition("=")[2] != static_url("mark.svg").partition("=")[2]


@pytest.mark.parametrize("query", ["", "?v=0000000000000000"])
def test_without_the_right_hash_caches_ask_again(query: str) -> None:
    """A replica of another version may answer: what it sends must not stay for a year under the wrong name."""
    assert client.get("/static/watchword.css" + query).headers["cache-control"] == "no-cache"


def test_not_modified() -> None:
    etag = client.get("/static/watchword.css").headers["etag"]
    for given in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = client.get("/static/watchword.css", headers={"If-None-Match": given})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == etag
    assert client.get("/static/watchword.css", headers={"If-None-Match": '"other"'}).status_code == 200


def test_head_has_no_body() -> None:
    answer = client.head("/static/watchword.css")
    assert answer.status_code == 200
    assert answer.content == b""


@pytest.mark.parametrize(
    "path",
    ["nothing.css", "..%2f__init__.py", "%2e%2e/__init__.py", "..%5c__init__.py", "watchword.css%00", "", "x/y.css"],
)
def test_only_packaged_files(path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404


def test_images_carry_no_script() -> None:
    for name, asset in assets().items():
        if name.endswith(".svg"):
            assert not re.search(rb"<script|<style|onload|href", asset.body)
