"""What an issuer's access tokens look like: one frozen value per kind of issuer."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """How to read an access token.

    Args:
        name: what `Verifier` is given as ``profile``.
        typ: the header's ``typ``; it is what keeps an ID token from passing for an access token.
        client_claim: the claim that names the client.
        scope_claim: the claim with the granted scopes, one string with spaces between.
        roles_claim: the claim with the subject's roles, a list of strings.
        required: claims that every token must carry, beyond ``iss``, ``aud``, ``exp``, ``sub`` and the client.
    """

    name: str
    typ: str
    client_claim: str
    scope_claim: str
    roles_claim: str
    required: tuple[str, ...]


RFC9068 = Profile(
    name="rfc9068",
    typ="at+jwt",
    client_claim="client_id",
    scope_claim="scope",
    roles_claim="roles",
    required=("iat", "jti"),
)
"""JSON Web Token profile for OAuth 2.0 access tokens (RFC 9068 section 2.2)."""

PROFILES: tuple[Profile, ...] = (RFC9068,)
