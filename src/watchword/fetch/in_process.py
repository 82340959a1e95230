"""Answering for an origin inside this process, for tests: no socket, no name server."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from watchword.fetch.address import FetchError, check_url, origin_of


@dataclass(frozen=True, slots=True)
class InProcessRequest:
    """What would have been sent. Its repr shows neither headers nor body.

    Args:
        method: GET or POST.
        url: the whole address, query included.
        headers: by lower-case name.
        body: empty for GET.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False, default=b"")

    @property
    def path(self) -> str:
        """The path without the query."""
        return urlsplit(self.url).path

    @property
    def query(self) -> str:
        """The query as it was written, without ``?``."""
        return urlsplit(self.url).query


@dataclass(frozen=True, slots=True)
class InProcessAnswer:
    """What is answered.

    Args:
        status: the HTTP status.
        headers: of any case.
        body: the whole body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False, default=b"")


_Answer = Callable[[InProcessRequest], InProcessAnswer]
_answers: dict[tuple[str, str, int | None], _Answer] = {}


@contextmanager
def danger_answer_in_process(origin: str, answer: _Answer) -> Iterator[None]:
    """For tests: while this is active, ``answer`` stands in for the server at ``origin``, in the whole process.

    Everything that is sent to exactly this scheme, host and port by `watchword.fetch` goes to the function, in the
    thread that exchanges; the host need not exist. All other rules hold: which addresses may be fetched, the longest
    body, the media type, no redirects. An ``OSError`` that the function raises is a server that cannot be reached.

    Args:
        origin: ``https://issuer.test`` or ``http://127.0.0.1:8400``, without a path.
        answer: called for each request; by several threads at once where several ask.

    Raises:
        ValueError: not an origin, or somebody answers for it already.
    """
    parts = urlsplit(origin)
    if parts.path not in {"", "/"} or parts.query:
        raise ValueError("an origin has a scheme, a host and a port, and nothing after them")
    try:
        check_url(origin, danger_allow_http=True)
    except FetchError as error:
        raise ValueError(error.sentence) from error
    key = origin_of(origin)
    if _answers.setdefault(key, answer) is not answer:
        raise ValueError("somebody answers for this origin already")
    try:
        yield
    finally:
        del _answers[key]


def answer_for(url: str) -> _Answer | None:
    """Who answers for the origin of ``url`` inside this process; None: the network does."""
    return _answers.get(origin_of(url)) if _answers else None
