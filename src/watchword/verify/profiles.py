"""What an issuer's access tokens look like: one frozen value per kind of issuer.

Each says what stands for ``typ``, ``aud``, the client, the scopes and the roles, and what proves that a token is not
an ID token of the same issuer. Where an issuer gives no proof, its tokens are refused.
"""

from dataclasses import dataclass, replace

from watchword.jose.algorithms import ASYMMETRIC
from watchword.jose.errors import TypeMismatchError
from watchword.jose.jwt import SignedClaims
from watchword.verify.profile_marks import (
    AllOf,
    AnyOf,
    Contains,
    Has,
    HeaderOneOf,
    Lacks,
    Mark,
    NotInAudience,
    OneOf,
    Same,
    StartsWith,
)
from watchword.verify.profile_reading import AUDIENCE, STANDARD, Reading, TokenShape


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How to read an issuer's access tokens.

    Args:
        name: what `Verifier` is given as ``profile``.
        shapes: the shapes its tokens come in; the first that a token states is the one.
        algorithms: the allow-list where none is given; it must leave one algorithm for each key that names none.
    """

    name: str
    shapes: tuple[TokenShape, ...]
    algorithms: tuple[str, ...] = ASYMMETRIC

    def read(self, signed: SignedClaims, audiences: tuple[str, ...]) -> Reading:
        """What the token says, if it is an access token of this issuer for one of ``audiences``.

        Raises:
            TypeMismatchError: another kind of token, or one that might be an ID token.
            AudienceMismatchError: it was made for somebody else.
            ClaimError: a claim is missing or not what it must be.
        """
        kind = signed.header.kind
        for shape in self.shapes:
            if kind in shape.kinds and (shape.when is None or shape.when.holds(signed)):
                return shape.read(signed, audiences)
        raise TypeMismatchError("the token is not of the expected type")

    def with_roles(self, *path: str) -> "Profile":
        """The same profile, with roles found where ``path`` leads, for example
        ``AUTH0.with_roles("https://example.com/roles")``.
        """
        return replace(self, shapes=tuple(shape.with_roles(path) for shape in self.shapes))


_AT_JWT = frozenset({"at+jwt"})
_JWT = frozenset({"jwt"})
_JWT_OR_NONE = frozenset({"jwt", None})
_NO_ID_TOKEN_CLAIMS = Lacks(("nonce", "at_hash", "c_hash", "s_hash"))

RFC9068 = Profile(name="rfc9068", shapes=(STANDARD,))
"""JSON Web Token profile for OAuth 2.0 access tokens (RFC 9068 section 2.2). ``typ`` is the proof."""


def _auth0(kind: str, client: str, required: tuple[str, ...], proof: tuple[Mark, ...]) -> TokenShape:
    """The shape of one token dialect."""
    alone = Same("sub", client, suffix="@clients")
    return TokenShape(
        kinds=frozenset({kind}),
        client=client,
        roles=(("permissions",),),
        required=required,
        proof=(AnyOf((Contains("sub", "|"), alone)), *proof),  # "provider|id" for people
        own_account=alone,
    )


AUTH0 = Profile(
    name="auth0",
    shapes=(
        _auth0("at+jwt", "client_id", ("iat", "jti"), ()),
        # ID tokens are for the client itself and name it in ``aud`` alone.
        _auth0("jwt", "azp", ("iat",), (NotInAudience("azp"), _NO_ID_TOKEN_CLAIMS)),
    ),
)
"""Auth0, both of its access token profiles: https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles

Roles are what Auth0 calls permissions. An API whose identifier is the id of the calling application is refused in
Auth0's own token profile: its access tokens look like ID tokens there.
"""

KEYCLOAK = Profile(
    name="keycloak",
    shapes=(
        TokenShape(
            kinds=_JWT | _AT_JWT,
            client="azp",
            roles=(("realm_access", "roles"), ("resource_access", AUDIENCE, "roles")),
            proof=(OneOf("typ", frozenset({"Bearer", "DPoP"})),),  # the claim; ID tokens say "ID", others "Refresh" …
            # Only the session of a service account has them.
            own_account=AnyOf((Has(("clientHost",)), Has(("clientAddress",)))),
        ),
    ),
)
"""Keycloak: https://www.keycloak.org/docs/latest/server_admin/#_service_accounts

The API needs an audience mapper, or has client roles of its own: ``aud`` is else absent, or ``account`` alone, and
the token is refused. Roles are those of the realm and those of the API's own client. A client without the client
scope ``basic``, or with lightweight tokens, issues tokens without ``sub``, which are refused: add the mapper.
"""


def _entra(version: str, client: str, authenticated_by: str) -> TokenShape:
    """The shape of one version; the API's manifest says which it gets, not the endpoint."""
    alone = AllOf((Lacks(("scp", "idtyp")), Same("oid", "sub")))
    as_application = AllOf((Lacks(("scp",)), OneOf("idtyp", frozenset({"app"}))))
    return TokenShape(
        kinds=_JWT,
        when=OneOf("ver", frozenset({version})),
        client=client,
        scopes="scp",
        roles=(("roles",),),
        # An app that is client and API at once has ID tokens with the same ``aud``; they have none of these.
        proof=(
            Has((client, authenticated_by)),
            AnyOf((Has(("scp",)), as_application, alone)),
            _NO_ID_TOKEN_CLAIMS,
        ),
        own_account=AnyOf((as_application, alone)),
    )


ENTRA = Profile(
    name="entra",
    shapes=(_entra("2.0", "azp", "azpacr"), _entra("1.0", "appid", "appidacr")),
    algorithms=("RS256",),  # the published keys name none
)
"""Microsoft Entra ID, versions 1.0 and 2.0:
https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference

The issuer is that of one tenant; for several list them as ``issuers``. ``sub`` differs from application to
application; ``oid`` with ``tid`` names a person everywhere.
"""

OKTA = Profile(
    name="okta",
    shapes=(
        TokenShape(
            kinds=_JWT_OR_NONE,
            client="cid",
            scopes="scp",
            scopes_are="list",
            roles=(("groups",),),
            required=("iat", "scp"),
            proof=(StartsWith("jti", ("AT.",)), Has(("cid",))),  # the ``jti`` of ID tokens begins with "ID."
            own_account=AllOf((Same("sub", "cid"), Lacks(("uid",)))),
        ),
    ),
)
"""Okta's custom authorization servers: https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/

Tokens of the org authorization server (``typ`` ``application/okta-internal-at+jwt``) are for Okta's own APIs and are
refused. Roles come from a claim ``groups``, if the authorization server has one.
"""

COGNITO = Profile(
    name="cognito",
    shapes=(
        TokenShape(
            kinds=_JWT_OR_NONE,
            client="client_id",
            audience="client_id",
            roles=(("cognito:groups",),),
            proof=(OneOf("token_use", frozenset({"access"})),),
            own_account=AllOf((Same("sub", "client_id"), Lacks(("username",)))),
        ),
    ),
)
"""Amazon Cognito user pools:
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html

Access tokens name the API in ``aud`` only if the client asked for that (resource binding). In all others the client
stands for it: ``audience`` is then the list of app clients that may call.
"""

_CLERK_ORIGIN = StartsWith("azp", ("https://", "http://"))  # in an ID token it would be the id of a client
CLERK = Profile(
    name="clerk",
    shapes=(
        TokenShape(kinds=_AT_JWT, client="client_id", audience="client_id", proof=(StartsWith("sub", ("user_",)),)),
        TokenShape(
            kinds=_JWT,
            when=HeaderOneOf("cat", frozenset({"cl_B7d4PD111AAA", "cl_I7d4PD111III"})),
            client="azp",
            audience="azp",
            scopes=None,
            # A session that is pending is not signed in yet: https://clerk.com/docs/guides/configure/session-tasks
            proof=(
                _CLERK_ORIGIN,
                StartsWith("sid", ("sess_",)),
                AnyOf((Lacks(("sts",)), OneOf("sts", frozenset({"active"})))),
                _NO_ID_TOKEN_CLAIMS,
            ),
        ),
        TokenShape(
            kinds=_JWT,
            when=HeaderOneOf("cat", frozenset({"cl_B7d4PD222AAA"})),
            client="azp",
            scopes=None,
            proof=(_CLERK_ORIGIN, NotInAudience("azp"), _NO_ID_TOKEN_CLAIMS),
        ),
        TokenShape(
            kinds=_JWT,
            when=HeaderOneOf("cat", frozenset({"cl_B7d4PD333AAA"})),
            client="sub",
            audience="scopes",
            scopes=None,
            proof=(StartsWith("sub", ("mch_",)), StartsWith("jti", ("mt_",)), _NO_ID_TOKEN_CLAIMS),
            own_account=StartsWith("sub", ("mch_",)),
        ),
    ),
)
"""Clerk: https://clerk.com/docs/guides/sessions/session-tokens

OAuth access tokens, session tokens, tokens from a JWT template with ``aud``, and machine tokens; the header's ``cat``
tells them apart. In a session token the page's origin (``azp``) is the client and, unless a template adds ``aud``,
stands for the audience: ``audience`` is then the list of origins that may call. Tokens without ``azp``, which native
applications get, are refused. An organisation's role is not among the roles, since it means nothing without the
organisation: a condition can look at ``claims["o"]``.
"""

PROFILES: tuple[Profile, ...] = (RFC9068, AUTH0, KEYCLOAK, ENTRA, OKTA, COGNITO, CLERK)


def by_name(name: str) -> Profile:
    """The profile called ``name``.

    Raises:
        ValueError: there is none.
    """
    for profile in PROFILES:
        if profile.name == name:
            return profile
    raise ValueError("profile is one of " + ", ".join(profile.name for profile in PROFILES))
