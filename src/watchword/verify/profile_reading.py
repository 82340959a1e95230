"""How the claims of one shape of access token are read. No I/O.

A shape is data: which header types it comes with, which claims stand for the audience, the client, the scopes and the
roles, and by which marks it is told from an ID token of the same issuer.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from watchword.jose import claims as rules
from watchword.jose.errors import AudienceMismatchError, ClaimError, TypeMismatchError
from watchword.jose.jwt import SignedClaims
from watchword.verify.profile_marks import Mark, Same

MAX_CLIENT_ID_CHARACTERS = 255
AUDIENCE = "{audience}"  # in a path of roles: whichever audience of this API the token was made for


class Reading(NamedTuple):
    """What a token says, whichever issuer's way of saying it. ``is_client``: no user stands behind it."""

    client_id: str
    scopes: frozenset[str]
    roles: frozenset[str]
    is_client: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenShape:
    """One shape of an issuer's access tokens.

    Args:
        kinds: the values of the header's ``typ``, lower case and without ``application/``; None stands for no ``typ``.
        when: if it does not hold the token has another shape of the same profile.
        client: the claim that names the client.
        audience: the claim that stands for ``aud`` in a token that has none, a name or several with spaces between;
            ``aud`` itself if every token has one.
        scopes: the claim with the granted scopes; None if this shape has no scopes.
        scopes_are: ``words`` for one string with spaces between, ``list`` for a list of strings.
        roles: where roles are found, each a path of member names; the roles of all of them count.
        required: claims that must be there, beyond ``iss``, the audience, ``exp``, ``sub`` and the client.
        proof: marks that no ID token of the issuer has; every one must hold.
        own_account: holds in tokens in which a client acts for itself, with no user behind it.

    Raises:
        ValueError: tokens of this shape may have a ``typ`` that ID tokens have too, and nothing proves that they are
            access tokens.
    """

    kinds: frozenset[str | None]
    client: str
    when: Mark | None = None
    audience: str = "aud"
    scopes: str | None = "scope"
    scopes_are: Literal["words", "list"] = "words"
    roles: tuple[tuple[str, ...], ...] = ()
    required: tuple[str, ...] = ("iat",)
    proof: tuple[Mark, ...] = ()
    own_account: Mark | None = None

    def __post_init__(self) -> None:
        if not self.proof and self.kinds != {"at+jwt"}:
            raise ValueError("what proves that a token of this shape is not an ID token")

    def with_roles(self, path: tuple[str, ...]) -> "TokenShape":
        """The same shape, with roles found where ``path`` leads."""
        own = {field.name: getattr(self, field.name) for field in fields(TokenShape)}
        return TokenShape(**{**own, "roles": (path,)})

    def read(self, signed: SignedClaims, audiences: tuple[str, ...]) -> Reading:
        """What the token says.

        Args:
            signed: a token that states this shape.
            audiences: the names of this API; one of them must be the token's audience.

        Raises:
            TypeMismatchError: nothing proves that this is an access token.
            AudienceMismatchError: it was made for somebody else.
            ClaimError: a claim is missing or not what it must be.
        """
        for mark in self.proof:
            if not mark.holds(signed):
                raise TypeMismatchError("nothing in the token proves that it is an access token")
        claims = signed.claims
        audience = _audience(claims, self.audience, audiences)
        for name in self.required:
            rules.required(claims, name)
        client_id = rules.text(claims, self.client, max_characters=MAX_CLIENT_ID_CHARACTERS)
        return Reading(
            client_id,
            self._scopes(claims),
            frozenset(role for path in self.roles for role in roles_at(claims, path, audience)),
            self.own_account is not None and self.own_account.holds(signed),
        )

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[str]:
        name = self.scopes
        if name is None or name not in claims:
            return frozenset()
        return words(claims, name) if self.scopes_are == "words" else frozenset(names(claims, name))


class StandardShape(TokenShape):
    """The shape of RFC 9068 section 2.2, read in one go: it is what every request of most services passes through.

    It cannot be varied, since its reader knows it by heart.
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(
            kinds=frozenset({"at+jwt"}),
            client="client_id",
            roles=(("roles",),),
            required=("iat", "jti"),
            own_account=Same("sub", "client_id"),
        )

    def read(self, signed: SignedClaims, audiences: tuple[str, ...]) -> Reading:
        """See `TokenShape.read`."""
        claims = signed.claims
        _audience(claims, "aud", audiences)
        for name in self.required:
            rules.required(claims, name)
        rules.text(claims, self.client, max_characters=MAX_CLIENT_ID_CHARACTERS)
        if "roles" in claims:
            names(claims, "roles")
        return self.read_claims(claims)

    def read_claims(self, claims: Mapping[str, Any]) -> Reading:
        """What claims say that are as they should be.

        Raises:
            ClaimError: ``scope`` is not.
        """
        client_id = claims["client_id"]
        scopes = words(claims, "scope") if "scope" in claims else _NONE
        roles = frozenset(claims["roles"]) if "roles" in claims else _NONE
        return Reading(client_id, scopes, roles, claims.get("sub") == client_id)


_NONE: frozenset[str] = frozenset()
_BLANK = frozenset([""])
_MAX_REMEMBERED_CHARACTERS = 256


STANDARD = StandardShape()


def words(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """The words of the string ``name``.

    Raises:
        ClaimError: not a string.
    """
    text = claims[name]
    if text.__class__ is not str:
        raise ClaimError(f"the claim `{name}` is not a string", claim=name)
    return _remembered_words(text) if len(text) <= _MAX_REMEMBERED_CHARACTERS else frozenset(text.split(" ")) - _BLANK


@lru_cache(maxsize=1024)
def _remembered_words(text: str) -> frozenset[str]:
    """A service meets the same few combinations of scopes again and again."""
    return frozenset(text.split(" ")) - _BLANK


def names(claims: Mapping[str, Any], name: str) -> list[str]:
    """The list of non-empty strings ``name``.

    Raises:
        ClaimError: anything else.
    """
    listed = claims[name]
    if not isinstance(listed, list):
        raise ClaimError(f"the claim `{name}` is not a list of strings", claim=name)
    for member in listed:  # a loop: a generator costs more than the rest of this function
        if not isinstance(member, str) or not member:
            raise ClaimError(f"the claim `{name}` is not a list of strings", claim=name)
    return listed


def _audience(claims: Mapping[str, Any], name: str, audiences: tuple[str, ...]) -> str:
    """The first of ``audiences`` for which the token was made. ``aud`` counts wherever it is there (THREATS J61)."""
    members: Collection[str]
    if name == "aud" or "aud" in claims:
        name, members = "aud", rules.audiences(claims)
    else:
        rules.required(claims, name)
        members = words(claims, name)
    for audience in audiences:
        if audience in members:
            return audience
    raise AudienceMismatchError("the token is for another audience", claim=name)


def roles_at(claims: Mapping[str, Any], path: tuple[str, ...], audience: str) -> tuple[str, ...]:
    """The strings at the end of ``path``; none where it ends early.

    Raises:
        ClaimError: something on the way is no object, or what is found no list of strings.
    """
    holder: Any = claims
    for name in (audience if step == AUDIENCE else step for step in path[:-1]):
        if name not in holder:
            return ()
        holder = holder[name]
        if not isinstance(holder, dict):
            raise ClaimError(f"the claim `{path[0]}` is not an object", claim=path[0])
    last = path[-1]
    if last not in holder:
        return ()
    found = holder[last]
    if not isinstance(found, list) or not all(isinstance(role, str) and role for role in found):
        raise ClaimError(f"the claim `{path[0]}` holds no list of strings", claim=path[0])
    return tuple(found)
