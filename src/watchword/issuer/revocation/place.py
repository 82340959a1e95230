"""Where a reader of the journal says it stands."""

import re
from typing import NamedTuple

from watchword.oauth.errors import InvalidRequestError
from watchword.oauth.parameters import Parameters
from watchword.oauth.revocation import MAX_JOURNAL_ID_CHARACTERS, MAX_NUMBER

_JOURNAL_ID = re.compile(rf"[\x21-\x7e]{{1,{MAX_JOURNAL_ID_CHARACTERS}}}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}")


class Place(NamedTuple):
    """Number ``after`` of a journal."""

    journal_id: str
    after: int

    @classmethod
    def of_parameters(cls, parameters: Parameters) -> "Place":
        """As a poll says it.

        Raises:
            InvalidRequestError: a parameter is missing or not of its form.
        """
        return cls._read(parameters.require("journal_id"), parameters.require("after"))

    @classmethod
    def of_event_id(cls, event_id: str) -> "Place":
        """As ``Last-Event-ID`` says it, which is how an event was named: ``journal_id:to``.

        Raises:
            InvalidRequestError: it is not of this form.
        """
        journal_id, _, after = event_id.rpartition(":")
        return cls._read(journal_id, after)

    @classmethod
    def _read(cls, journal_id: str, after: str) -> "Place":
        if not _JOURNAL_ID.fullmatch(journal_id) or not _NUMBER.fullmatch(after) or int(after) > MAX_NUMBER:
            raise InvalidRequestError("the place in the journal is not of its form")
        return cls(journal_id, int(after))
