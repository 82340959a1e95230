"""Answering for an origin inside the process: what tests of services stand on."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from watchword import fetch
from watchword.fetch import (
    HOSTILE,
    FetchError,
    InProcessAnswer,
    InProcessRequest,
    Policy,
    danger_answer_in_process,
    get_bytes,
    get_json,
    post_form,
)

ORIGIN = "https://issuer.test"
JSON = {"Content-Type": "application/json"}


class Recorder:
    def __init__(self, answer: InProcessAnswer) -> None:
        self.answer = answer
        self.requests: list[InProcessRequest] = []
        self.threads: list[str] = []

    def __call__(self, request: InProcessRequest) -> InProcessAnswer:
        self.requests.append(request)
        self.threads.append(threading.current_thread().name)
        return self.answer


@pytest.fixture(autouse=True)
def _no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a name server nor a peer is there to be asked."""

    def refused(*arguments: object, **options: object) -> object:
        raise OSError("no network in this test")

    fetch.prepare()
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(socket.socket, "connect", refused)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recording = Recorder(InProcessAnswer(200, JSON, b'{"a": 1}'))
    with danger_answer_in_process(ORIGIN, recording):
        yield recording


def test_a_name_that_does_not_exist_is_answered(recorder: Recorder) -> None:
    assert get_json(f"{ORIGIN}/jwks?x=1").value == {"a": 1}
    request = recorder.requests[0]
    assert (request.method, request.path, request.query, request.body) == ("GET", "/jwks", "x=1", b"")
    assert request.headers["accept"] == "application/json"


def test_it_answers_in_the_exchanging_thread(recorder: Recorder) -> None:
    get_json(f"{ORIGIN}/")
    assert recorder.threads == ["watchword-fetch"]


@pytest.mark.anyio
async def test_it_answers_inside_an_event_loop(recorder: Recorder) -> None:
    assert (await fetch.aget_json(f"{ORIGIN}/")).value == {"a": 1}


def test_forms_and_bytes_are_answered_too(recorder: Recorder) -> None:
    assert post_form(f"{ORIGIN}/token", [("a", "1 &")], headers={"authorization": "canary"}).body == {"a": 1}
    assert recorder.requests[0].body == b"a=1+%26"
    assert "canary" not in repr(recorder.requests[0])
    reply = get_bytes(f"{ORIGIN}/", headers={"accept": "text/plain"})
    assert (reply.status, reply.media_type, reply.body) == (200, "application/json", b'{"a": 1}')
    assert recorder.requests[1].headers["accept"] == "text/plain"


@pytest.mark.anyio
async def test_a_stream_gives_the_whole_body_and_ends(recorder: Recorder) -> None:
    async with fetch.open_stream(f"{ORIGIN}/events") as stream:
        assert stream.media_type == "application/json"
        assert [await stream.read(1), await stream.read(1), await stream.read(1)] == [b'{"a": 1}', b"", b""]


@pytest.mark.parametrize("url", [f"{ORIGIN}:443/", "https://ISSUER.test/"])
def test_the_same_origin_written_otherwise(recorder: Recorder, url: str) -> None:
    assert get_json(url).value == {"a": 1}


@pytest.mark.parametrize(
    "url",
    ["https://issuer.test:8443/", "https://a.issuer.test/", "https://issuer.test.example/", "https://test/"],
)
def test_another_origin_goes_to_the_network(recorder: Recorder, url: str) -> None:
    with pytest.raises(FetchError, match="reached"):
        get_json(url)
    assert recorder.requests == []


def test_j86_which_addresses_may_be_fetched_is_still_asked() -> None:
    recorder = Recorder(InProcessAnswer(200, JSON, b"{}"))
    with danger_answer_in_process("http://issuer.test", recorder):
        with pytest.raises(FetchError, match="not https"):
            get_json("http://issuer.test/")
        assert get_json("http://issuer.test/", danger_allow_http=True).value == {}
        with pytest.raises(FetchError, match="public internet"):
            get_json("http://issuer.test/", danger_allow_http=True, policy=HOSTILE)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (InProcessAnswer(302, JSON | {"location": "/x"}, b"{}"), "status"),
        (InProcessAnswer(200, {"content-type": "text/html"}, b"{}"), "not JSON"),
        (InProcessAnswer(200, JSON, b'{"a": "' + b"x" * 100 + b'"}'), "too long"),
        (InProcessAnswer(200, JSON | {"content-encoding": "gzip"}, b"{}"), "compressed"),
        (InProcessAnswer(200, JSON, b"[]"), "object"),
    ],
)
def test_j87_j88_all_limits_hold(answer: InProcessAnswer, sentence: str) -> None:
    with danger_answer_in_process(ORIGIN, Recorder(answer)), pytest.raises(FetchError, match=sentence):
        get_json(f"{ORIGIN}/", policy=Policy(max_bytes=100, deadline=5))


def test_an_os_error_is_a_server_that_cannot_be_reached() -> None:
    def down(request: InProcessRequest) -> InProcessAnswer:
        raise ConnectionRefusedError

    with danger_answer_in_process(ORIGIN, down), pytest.raises(FetchError, match="reached"):
        get_json(f"{ORIGIN}/")


@pytest.mark.parametrize("mistake", [ValueError, RuntimeError, AssertionError, KeyError])
def test_any_other_error_is_the_tests_own_and_is_seen(mistake: type[Exception]) -> None:
    def broken(request: InProcessRequest) -> InProcessAnswer:
        raise mistake("a mistake in the test")

    with danger_answer_in_process(ORIGIN, broken), pytest.raises(mistake, match="mistake"):
        get_json(f"{ORIGIN}/")


def test_afterwards_nobody_answers() -> None:
    with danger_answer_in_process(ORIGIN, Recorder(InProcessAnswer(200, JSON, b"{}"))):
        get_json(f"{ORIGIN}/")
    with pytest.raises(FetchError):
        get_json(f"{ORIGIN}/")


def test_two_origins_at_once_and_never_one_twice(recorder: Recorder) -> None:
    other = Recorder(InProcessAnswer(200, JSON, b'{"b": 2}'))
    with ExitStack() as stack:
        stack.enter_context(danger_answer_in_process("https://other.test", other))
        assert get_json("https://other.test/").value == {"b": 2}
        with pytest.raises(ValueError, match="already"):
            stack.enter_context(danger_answer_in_process(ORIGIN, other))
    assert get_json(f"{ORIGIN}/").value == {"a": 1}


@pytest.mark.parametrize("origin", ["issuer.test", "https://issuer.test/tenant", "https://issuer.test?x", "ftp://a"])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    recorder = Recorder(InProcessAnswer(200, {}))
    with pytest.raises(ValueError, match=r"origin|address"), danger_answer_in_process(origin, recorder):
        pass
