"""The one door to the outside (THREATS J86-J88, R30)."""

import ipaddress
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.verify.exhaustion import no_thread_to_be_had
from tests.verify.loopback_issuer import LoopbackIssuer, loopback_issuer

from watchword.fetch import HOSTILE, TRUSTED, FetchError, Policy, aget_json, check_url, get_json, is_public, post_form


@pytest.fixture
def server() -> Iterator[LoopbackIssuer]:
    with loopback_issuer() as running:
        yield running


@pytest.mark.parametrize(
    "url", ["https://a.example", "https://a.example:8443/x?y=z", "http://localhost:1/", "http://[::1]/"]
)
def test_addresses_that_may_be_fetched(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "//a.example",
        "https://",
        "http://a.example",
        "http://localhost.a.example",
        "http://127.0.0.1.a.example",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "https://user@a.example",
        "https://user:secret@a.example",
        "https://a.example/#fragment",
        "https://a.example:0/",
        "https://a.example:99999/",
        "https://[::1",
        "file:///etc/passwd",
        "ftp://a.example",
        "data:application/json,{}",
    ],
)
def test_j86_addresses_that_may_not(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        check_url(url)
    assert "secret" not in str(caught.value)


def test_plain_http_elsewhere_is_asked_for_loudly() -> None:
    assert check_url("http://issuer:8400/", danger_allow_http=True)
    with pytest.raises(FetchError):
        check_url("file:///etc/passwd", danger_allow_http=True)


def test_a_document_comes_with_its_lifetime(server: LoopbackIssuer) -> None:
    server.headers = {"cache-control": "public, max-age=120"}
    document = get_json(server.url + "/jwks")
    assert [members["kid"] for members in document.value["keys"]] == [server.keys[0].kid]
    assert document.max_age == 120


@pytest.mark.parametrize(
    ("cache_control", "max_age"),
    [
        ("", None),
        ("no-store", 0),
        ("max-age=60, no-cache", 0),
        ("max-age=x", None),
        ("max-age=-1", None),
        ("MAX-AGE=7", 7),
    ],
)
def test_lifetimes(server: LoopbackIssuer, cache_control: str, max_age: float | None) -> None:
    server.headers = {"cache-control": cache_control}
    assert get_json(server.url + "/jwks").max_age == max_age


@pytest.mark.anyio
async def test_it_works_without_blocking_and_blocking_inside_a_loop(server: LoopbackIssuer) -> None:
    assert (await aget_json(server.url + "/jwks")).value == get_json(server.url + "/jwks").value


def test_j87_a_redirect_is_not_followed(server: LoopbackIssuer) -> None:
    server.answer = lambda path: (302, {"location": "/jwks"}, b"") if path == "/old" else None
    with pytest.raises(FetchError):
        get_json(server.url + "/old")
    assert server.requests == ["/old"]


@pytest.mark.parametrize("body", [b"[]", b"1", b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_refused(server: LoopbackIssuer, body: bytes) -> None:
    server.serves(body)
    with pytest.raises(FetchError):
        get_json(server.url + "/jwks")


def test_j88_what_is_too_long_is_refused(server: LoopbackIssuer) -> None:
    server.serves({"x": "y" * 1000})
    with pytest.raises(FetchError, match="too long"):
        get_json(server.url + "/jwks", policy=Policy(max_bytes=1000, deadline=5))


def test_r30_a_server_that_drips_does_not_outlast_the_deadline() -> None:
    """Each byte comes in time, and the whole does not."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        stop = threading.Event()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                while not stop.wait(0.02):
                    try:
                        connection.send(b"H")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        try:
            with pytest.raises(FetchError, match="in time"):
                get_json(f"http://127.0.0.1:{listener.getsockname()[1]}/", policy=Policy(max_bytes=1000, deadline=0.2))
        finally:
            stop.set()
            thread.join()


def test_the_environments_proxies_and_netrc_are_ignored(
    server: LoopbackIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert get_json(server.url + "/jwks").value["keys"]


def test_a_form_is_posted_and_any_status_is_an_answer(server: LoopbackIssuer) -> None:
    answer = post_form(server.url + "/token", [("a", "1 &"), ("a", "é")], headers={"authorization": "Basic eA=="})
    assert answer.status == 200
    assert answer.body is not None
    assert answer.body["form"] == "a=1+%26&a=%C3%A9"
    assert answer.body["headers"]["authorization"] == "Basic eA=="
    assert "Basic" not in repr(answer)


def test_j87_a_hostile_address_must_be_public() -> None:
    for url in ("https://localhost/x", "https://127.0.0.1/x", "https://[::1]/x", "https://10.1.2.3/"):
        with pytest.raises(FetchError, match="public internet"):
            get_json(url, policy=HOSTILE)
    with pytest.raises(FetchError):
        get_json("http://127.0.0.1:1/", policy=HOSTILE)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("2002:7f00:1::", False),
        ("64:ff9b:1::7f00:1", False),
        ("::127.0.0.1", False),
        ("fec0::1", False),
        ("192.0.0.8", False),
    ],
)
def test_j87_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


def test_r30_a_name_server_that_is_silent_does_not_outlast_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking a name up cannot be interrupted; nobody waits for it all the same."""
    answered = threading.Event()

    def silent(*arguments: object, **options: object) -> list[object]:
        answered.wait(10)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    result: list[str] = []

    def ask() -> None:
        try:
            get_json("https://a.example/", policy=Policy(max_bytes=1000, deadline=0.1))
        except FetchError as error:
            result.append(error.sentence)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(5)
    ended = not thread.is_alive()
    answered.set()
    thread.join()
    assert ended
    assert result == ["the address could not be reached in time"]


def test_without_a_thread_to_be_had_it_is_a_fetch_that_failed() -> None:
    with no_thread_to_be_had(), pytest.raises(FetchError, match="nothing left"):
        get_json("https://127.0.0.1/")


@pytest.mark.parametrize("url", ["https://\u2488.com/", "https://a\ud800.com/"])
@pytest.mark.parametrize("policy", [TRUSTED, HOSTILE])
def test_j87_a_host_that_is_no_name_is_a_fetch_that_failed(url: str, policy: Policy) -> None:
    with pytest.raises(FetchError):
        get_json(url, policy=policy)


@pytest.mark.parametrize("value", ["Basic canary\r\nx: y", "Basic canary\u20ac", "Basic canary\0"])
def test_j42_a_secret_that_cannot_be_sent_is_not_shown(server: LoopbackIssuer, value: str) -> None:
    with pytest.raises(FetchError) as caught:
        post_form(server.url + "/token", [], headers={"authorization": value})
    assert "canary" not in f"{caught.value!r} {caught.value.detail} {caught.value.__cause__!r}"
    assert caught.value.__suppress_context__
    with pytest.raises(FetchError) as caught:
        post_form(server.url + "/token", [("client_secret", "canary\ud800")])
    assert "canary" not in f"{caught.value!r} {caught.value.detail} {caught.value.__cause__!r}"


LOADED = """
import sys
from watchword import fetch

fetch.prepare()
before = set(sys.modules)
fetch.get_json(sys.argv[1] + "/jwks")
for policy in (fetch.TRUSTED, fetch.HOSTILE):
    try:
        fetch.get_json("https://localhost:1/", policy=policy)
    except fetch.FetchError:
        pass
print(*set(sys.modules) - before)
"""


def test_once_prepared_a_fetch_imports_nothing(server: LoopbackIssuer) -> None:
    """A fork while another thread imports would leave the child waiting for that import for ever."""
    done = subprocess.run([sys.executable, "-c", LOADED, server.url], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
