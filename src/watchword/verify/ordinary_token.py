"""The ordinary token, in few steps.

Nearly every token that a service sees for the first time is one of RFC 9068, under a header it has met, with every
claim as it should be. Such a token is recognised here, most of it by one typed decoder. Whatever is not quite like that
is nobody's business here: the reader says None, and the rules of `watchword.verify.access_token` decide on the same
payload, whose signature was checked once for both. So nothing can pass that they would not let pass, which a test
holds against them.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Annotated, Any, Literal

import msgspec

from watchword.jose.claims import END_OF_TIME, MAX_SUBJECT_CHARACTERS, MAX_TOKEN_ID_CHARACTERS
from watchword.jose.errors import MalformedTokenError
from watchword.jose.json_object import UsualValue, decode_object
from watchword.verify.claims import VerifiedClaims, hold
from watchword.verify.profile_reading import MAX_CLIENT_ID_CHARACTERS

Ordinary = tuple[VerifiedClaims, float, float]
MAX_LEARNT = 8  # arrangements of claims; a type is made for each, and an issuer has one or two
_MAX_LEARNT_NAMES = 64
_Time = Annotated[int, msgspec.Meta(ge=0, le=END_OF_TIME)]
_Role = Annotated[str, msgspec.Meta(min_length=1)]
# What lies in a claim that is not known is skipped, however deep it goes (THREATS J40).
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_new = object.__new__
_encode = msgspec.json.Encoder().encode


def _text(longest: int) -> Any:
    return Annotated[str, msgspec.Meta(min_length=1, max_length=longest)]


class OrdinaryTokens:
    """Recognises the ordinary tokens of one issuer, by claims of a payload whose signature holds, under a header of
    the type ``at+jwt``.

    An issuer writes the claims of its tokens in the same order each time. Once that order is known, the claims are
    read as a struct of exactly these fields: if that, written again, is the payload byte for byte, no name was
    repeated, none is missing, and there is no other. The dictionary is then made for whoever asks for it.

    Args:
        issuer: what ``iss`` must equal.
        audiences: ``aud`` must be one of them.
    """

    def __init__(self, *, issuer: str, audiences: Sequence[str]) -> None:
        self._types: dict[str, Any] = {
            "iss": Literal[issuer],
            "aud": Literal[tuple(audiences)],
            "exp": _Time,
            "iat": _Time,
            "jti": _text(MAX_TOKEN_ID_CHARACTERS),
            "sub": _text(MAX_SUBJECT_CHARACTERS),
            "client_id": _text(MAX_CLIENT_ID_CHARACTERS),
        }
        # An early token and a bound one are for the rules.
        absent = [(name, msgspec.UnsetType, msgspec.UNSET) for name in ("nbf", "cnf")]
        required: list[Any] = list(self._types.items())
        optional: list[Any] = [("scope", str, ""), ("roles", list[_Role], []), *absent]
        self._types |= {"scope": str, "roles": list[_Role]}
        self._recognise = _decoder(msgspec.defstruct("Ordinary", required + optional, gc=False))
        self._recognise_learnt: Callable[[bytes], Any] | None = None
        self._learnt = 0

    def read(self, payload: bytes, now: float) -> Ordinary | None:
        """The claims with the UTC epoch seconds from which and until which they hold; None if the token is not an
        ordinary one.
        """
        recognise = self._recognise_learnt
        if recognise is not None:
            try:
                seen = recognise(payload)
                if _encode(seen) == payload:
                    if not seen.iat <= now < seen.exp:
                        return None
                    claims = _new(VerifiedClaims)  # here, not in a function: one is made for every token
                    hold(claims, seen)
                    return claims, seen.iat, seen.exp
            except _UNREADABLE:
                pass  # another arrangement, or not an ordinary token
        return self._read_any(payload, now)

    def _read_any(self, payload: bytes, now: float) -> Ordinary | None:
        try:
            seen = self._recognise(payload)
            members = decode_object(payload)
        except (MalformedTokenError, *_UNREADABLE):
            return None
        if not seen.iat <= now < seen.exp:
            return None
        self._learn(members)
        claims = _new(VerifiedClaims)
        hold(claims, members)
        return claims, seen.iat, seen.exp

    def _learn(self, names: Collection[str]) -> None:
        """The order of the claims, from an ordinary token."""
        if self._learnt >= MAX_LEARNT or len(names) > _MAX_LEARNT_NAMES:
            return
        self._learnt += 1
        # A claim may be called what no field may be; those that are read here keep their names.
        fields = {name if name in self._types else f"claim_{place}": name for place, name in enumerate(names)}
        types = [(field, self._types.get(name, UsualValue)) for field, name in fields.items()]
        # A name may hold what none of a struct may: a quote, a backslash, a control character.
        with suppress(ValueError):
            self._recognise_learnt = _decoder(msgspec.defstruct("Learnt", types, rename=fields, gc=False))


def _decoder(struct: type[msgspec.Struct]) -> Callable[[bytes], Any]:
    return msgspec.json.Decoder(struct).decode
