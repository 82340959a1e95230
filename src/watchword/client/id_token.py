"""The ID token of a login, verified with the issuer's published keys: who signed in.

Only `watchword.verify` judges; here it is told what this login expects: this client, this nonce, this access token.
An access token or a logout token in its place does not pass (J65).
https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from watchword.client.discovery import IssuerMetadata
from watchword.client.errors import IdTokenError
from watchword.client.token_endpoint import TokenAnswer
from watchword.client.transport import aget_document, get_document
from watchword.jose.errors import InvalidKeyError
from watchword.verify.claims import VerifiedClaims
from watchword.verify.errors import VerificationError
from watchword.verify.id_token import verify_id_token
from watchword.verify.published_keys import read_published_keys


@dataclass(frozen=True, slots=True)
class ExpectedLogin:
    """What the ID token must say.

    Args:
        issuer: who must have signed it.
        client_id: for whom.
        nonce: what was sent with the authorization request.
        algorithms: what the client registered.
    """

    issuer: IssuerMetadata
    client_id: str
    nonce: str = field(repr=False)
    algorithms: Sequence[str]


def check_id_token(answer: TokenAnswer, expected: ExpectedLogin, *, now: float) -> VerifiedClaims:
    """Who signed in. The keys are fetched for each login: logins are rare, and keys change.

    Args:
        answer: of the token endpoint.
        expected: see `ExpectedLogin`.
        now: UTC epoch seconds.

    Raises:
        IdTokenError: there is none, or it does not hold.
        DiscoveryError: the keys cannot be fetched.
    """
    keys = get_document(expected.issuer.jwks_uri, danger_allow_http=expected.issuer.danger_allow_http)
    return _check(answer, expected, keys, now=now)


async def acheck_id_token(answer: TokenAnswer, expected: ExpectedLogin, *, now: float) -> VerifiedClaims:
    """As `check_id_token`, without blocking the event loop."""
    keys = await aget_document(expected.issuer.jwks_uri, danger_allow_http=expected.issuer.danger_allow_http)
    return _check(answer, expected, keys, now=now)


def _check(answer: TokenAnswer, expected: ExpectedLogin, jwks: Mapping[str, Any], *, now: float) -> VerifiedClaims:
    if answer.unverified_id_token is None:
        raise IdTokenError("the issuer gave no ID token, so nobody can say who signed in")
    try:
        return verify_id_token(
            answer.unverified_id_token,
            read_published_keys(jwks, expected.algorithms),
            issuer=expected.issuer.issuer,
            client_id=expected.client_id,
            nonce=expected.nonce,
            now=now,
            access_token=answer.access_token,
            algorithms=expected.algorithms,
        )
    except VerificationError as error:
        raise IdTokenError(f"the ID token does not hold: {error.sentence}", detail=error.code) from error
    except InvalidKeyError as error:
        raise IdTokenError(f"the issuer's keys cannot be used: {error.sentence}") from error
