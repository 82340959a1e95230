"""An earlier ID token as a hint about the user: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest"""

from dataclasses import dataclass

from watchword.issuer.checks.draft import Draft
from watchword.issuer.context import Issuer
from watchword.jose import claims as claim_rules
from watchword.jose import jws, jwt
from watchword.jose.errors import JOSEError
from watchword.oauth.errors import InvalidRequestError


@dataclass(frozen=True, slots=True)
class Hint:
    """What an ID token of ours, expired or not, says: for whom it was made, whom and which session it is about."""

    audiences: tuple[str, ...]
    user_id: str
    sid: str | None


async def read_hint(issuer: Issuer, token: str) -> Hint:
    """Check that we signed ``token`` as an ID token; retired keys count, compromised ones never do.

    Raises:
        InvalidRequestError: we did not, or it is something else, such as an access token.
    """
    try:
        message = jws.split(token)
        key = await issuer.keys.find_public(message.header.kid) if message.header.kid is not None else None
        if key is None:
            raise InvalidRequestError("the id_token_hint was not signed by this server")
        claims = jwt.decode_message(message, key, typ="JWT")
        claim_rules.check_issuer(claims, expected=issuer.settings.issuer)
        audiences = claim_rules.audiences(claims)
        subject = claim_rules.text(claims, "sub", max_characters=claim_rules.MAX_SUBJECT_CHARACTERS)
        sid = claim_rules.text(claims, "sid", max_characters=64) if "sid" in claims else None
    except JOSEError as error:
        raise InvalidRequestError("the id_token_hint is not an ID token of this server") from error
    return Hint(audiences, subject, sid)


async def check_id_token_hint(draft: Draft) -> None:
    """Take the user whom the hint is about; it must have been made for this very client."""
    token = draft.parameters.get("id_token_hint")
    if token is None:
        return
    hint = await read_hint(draft.issuer, token)
    if draft.client.id not in hint.audiences:
        raise InvalidRequestError("the id_token_hint was made for another client")
    draft.hinted_user_id = hint.user_id
