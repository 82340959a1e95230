"""The ordinary token, in few steps.

Nearly every token that a service sees for the first time is one of RFC 9068, under a header it has met, with every
claim as it should be. Such a token is recognised here, most of it by one typed decoder. Whatever is not quite like that
is nobody's business here: the reader says None, and the rules of `watchword.verify.access_token` decide on the same
payload, whose signature was checked once for both. So nothing can pass that they would not let pass, which a test
holds against them.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import msgspec

from watchword.jose.claims import END_OF_TIME, MAX_SUBJECT_CHARACTERS, MAX_TOKEN_ID_CHARACTERS
from watchword.jose.errors import MalformedTokenError
from watchword.jose.json_object import decode_object
from watchword.verify.claims import VerifiedClaims
from watchword.verify.profile_reading import MAX_CLIENT_ID_CHARACTERS

Ordinary = tuple[VerifiedClaims, float, float]
_Time = Annotated[int, msgspec.Meta(ge=0, le=END_OF_TIME)]
_Role = Annotated[str, msgspec.Meta(min_length=1)]


def _text(longest: int) -> Any:
    return Annotated[str, msgspec.Meta(min_length=1, max_length=longest)]


def ordinary_reader(*, issuer: str, audiences: Sequence[str]) -> Callable[[bytes, float], Ordinary | None]:
    """What reads the ordinary tokens of one issuer.

    Args:
        issuer: what ``iss`` must equal.
        audiences: ``aud`` must be one of them.

    Returns:
        A function of a payload whose signature holds, under a header of the type ``at+jwt``, and of the time in UTC
        epoch seconds. It returns the claims with the seconds from which and until which they hold, or None if the
        token is not an ordinary one.
    """
    shape = msgspec.defstruct(
        "Ordinary",
        [
            ("iss", Literal[issuer]),
            ("aud", Literal[tuple(audiences)]),
            ("exp", _Time),
            ("iat", _Time),
            ("jti", _text(MAX_TOKEN_ID_CHARACTERS)),
            ("sub", _text(MAX_SUBJECT_CHARACTERS)),
            ("client_id", _text(MAX_CLIENT_ID_CHARACTERS)),
            ("scope", str, ""),
            ("roles", list[_Role], []),
            # An early token and a bound one are for the rules.
            ("nbf", msgspec.UnsetType, msgspec.UNSET),
            ("cnf", msgspec.UnsetType, msgspec.UNSET),
        ],
    )
    recognise: Callable[[bytes], Any] = msgspec.json.Decoder(shape).decode
    claims_of = VerifiedClaims.ordinary

    def read(payload: bytes, now: float) -> Ordinary | None:
        try:
            seen = recognise(payload)
            claims = decode_object(payload)
        except (MalformedTokenError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return (claims_of(claims), seen.iat, seen.exp) if seen.iat <= now < seen.exp else None

    return read
