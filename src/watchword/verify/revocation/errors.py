"""What can be wrong with the feed. None of these is a verdict on a token.

FeedError                  feed_unreachable   no answer, or one that is none
├── FeedOverloadedError    feed_overloaded    429 or 503: later
├── FeedRequestError       feed_request       400, 401, 403: we ask wrongly, or may not ask
├── FeedGoneError          feed_gone          404: what was announced is not there any more
├── FeedBehindError        feed_behind        what it tells is older than what is known
├── AnnouncementError      feed_misannounced  its announcement makes no sense
└── MessageRefusedError    message_refused    a message of it must not be believed
"""

from typing import ClassVar

from watchword.errors import WatchwordError


class FeedError(WatchwordError):
    """The feed could not be asked.

    Args:
        sentence: what is wrong.
        retry_after: seconds for which the issuer asks not to be asked again.
    """

    code: ClassVar[str] = "feed_unreachable"

    def __init__(self, sentence: str, *, detail: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(sentence, detail=detail)
        self.retry_after = retry_after


class FeedOverloadedError(FeedError):
    """The issuer asks for patience."""

    code: ClassVar[str] = "feed_overloaded"


class FeedRequestError(FeedError):
    """The issuer does not answer this reader: a mistake of the reader, or of its credentials."""

    code: ClassVar[str] = "feed_request"


class FeedGoneError(FeedError):
    """What the issuer announced is not there."""

    code: ClassVar[str] = "feed_gone"


class FeedBehindError(FeedError):
    """What was answered is older than what is known already: from a cache, or from an issuer that lost something."""

    code: ClassVar[str] = "feed_behind"


class AnnouncementError(FeedError):
    """The issuer's configuration does not announce a feed that can be read."""

    code: ClassVar[str] = "feed_misannounced"


class MessageRefusedError(FeedError):
    """A message of the feed must not be believed; nothing of it is applied."""

    code: ClassVar[str] = "message_refused"
