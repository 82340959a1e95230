"""What an issuer's access tokens look like: one frozen value per kind of issuer."""

from dataclasses import dataclass

from watchword.jose.algorithms import ASYMMETRIC
from watchword.jose.errors import TypeMismatchError
from watchword.jose.jwt import SignedClaims
from watchword.verify.profile_reading import Reading, TokenShape, standard_shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How to read an issuer's access tokens.

    Args:
        name: what `Verifier` is given as ``profile``.
        shapes: the shapes its tokens come in, the first that fits is the one.
        algorithms: the allow-list where none is given; it must leave one algorithm for each key that names none.
        subject_required: whether every token has a ``sub``.
    """

    name: str
    shapes: tuple[TokenShape, ...]
    algorithms: tuple[str, ...] = ASYMMETRIC
    subject_required: bool = True

    def read(self, signed: SignedClaims, audiences: tuple[str, ...]) -> Reading:
        """What the token says, if it is an access token of this issuer for one of ``audiences``.

        Raises:
            TypeMismatchError: another kind of token, or one that might be an ID token.
            AudienceMismatchError: it was made for somebody else.
            ClaimError: a claim is missing or not what it must be.
        """
        kind, claims = signed.header.kind, signed.claims
        for shape in self.shapes:
            if kind in shape.kinds and (shape.when is None or shape.when.holds(claims)):
                return shape.read(claims, audiences)
        raise TypeMismatchError("the token is not of the expected type")

    @property
    def typ(self) -> str:
        return str(next(iter(self.shapes[0].kinds)))

    @property
    def client_claim(self) -> str:
        return self.shapes[0].client

    @property
    def scope_claim(self) -> str:
        return str(self.shapes[0].scopes)

    @property
    def roles_claim(self) -> str:
        return self.shapes[0].roles[0][0]

    @property
    def required(self) -> tuple[str, ...]:
        return self.shapes[0].required


RFC9068 = Profile(name="rfc9068", shapes=(standard_shape(),))
"""JSON Web Token profile for OAuth 2.0 access tokens (RFC 9068 section 2.2)."""

PROFILES: tuple[Profile, ...] = (RFC9068,)


def by_name(name: str) -> Profile:
    """The profile called ``name``.

    Raises:
        ValueError: there is none.
    """
    for profile in PROFILES:
        if profile.name == name:
            return profile
    raise ValueError("profile is one of " + ", ".join(profile.name for profile in PROFILES))
