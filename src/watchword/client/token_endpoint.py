"""Requests to the token and revocation endpoints as values, and answers read strictly. No I/O.

https://www.rfc-editor.org/rfc/rfc6749#section-5 and https://www.rfc-editor.org/rfc/rfc7009
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from watchword.client.errors import TokenRequestError
from watchword.fetch import TRUSTED, Policy

# A lifetime beyond ten years is a mistake or an attack on arithmetic; either way not a lifetime.
_MAX_LIFETIME = 10 * 365 * 86_400
# RFC 6749 appendix A.12, without the space, which ends credentials. Anything else cannot be sent, and the HTTP
# libraries repeat in their errors what cannot be sent.
_ACCESS_TOKEN = re.compile(r"[\x21-\x7e]+\Z")


@dataclass(frozen=True, slots=True)
class FormPost:
    """A form to POST: its fields and headers hold secrets, its repr does not."""

    url: str
    fields: Sequence[tuple[str, str]] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)
    danger_allow_http: bool = False
    policy: Policy = TRUSTED


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A successful answer of the token endpoint; the ID token in it is not verified yet.

    Args:
        access_token: opaque to the client.
        lifetime: seconds; 0 when the answer does not say.
        scopes: what was granted; None when the answer does not say, which means: what was asked for.
        refresh_token: the next one, if there is one.
        unverified_id_token: as it came.
    """

    access_token: str = field(repr=False)
    lifetime: float
    scopes: tuple[str, ...] | None
    refresh_token: str | None = field(repr=False)
    unverified_id_token: str | None = field(repr=False)


def client_post(
    url: str,
    fields: Sequence[tuple[str, str]],
    *,
    client_id: str,
    client_secret: str | None,
    danger_allow_http: bool = False,
) -> FormPost:
    """A form post in the name of a client: HTTP Basic with a secret, ``client_id`` in the form without one.

    https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1: both parts of the Basic credentials are form-encoded first.
    """
    if client_secret is None:
        return FormPost(url, (*fields, ("client_id", client_id)), danger_allow_http=danger_allow_http)
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    credentials = base64.b64encode(pair.encode("ascii")).decode("ascii")
    return FormPost(url, tuple(fields), {"authorization": f"Basic {credentials}"}, danger_allow_http)


def read_token_answer(status: int, body: Any, *, token_type: str = "Bearer") -> TokenAnswer:  # noqa: S107  the name of a kind
    """What the token endpoint said.

    Args:
        status: HTTP status.
        body: the JSON body, parsed; anything when there was none.
        token_type: what was asked for, ``Bearer`` or ``DPoP``; a token of another type is refused (THREATS O45).

    Raises:
        TokenRequestError: an error answer, or one that is not what RFC 6749 section 5.1 describes.
    """
    if status != 200:
        error = body.get("error") if isinstance(body, Mapping) else None
        refusal = TokenRequestError("", error=error if isinstance(error, str) else "invalid_response")
        raise TokenRequestError(
            f"the token endpoint refused the request ({refusal.error})", error=refusal.error, status=status
        )
    if not isinstance(body, Mapping):
        raise TokenRequestError("the token endpoint did not answer with a JSON object", status=status)
    return TokenAnswer(
        access_token=_access_token(body),
        lifetime=_lifetime(_of_type(body, token_type)),
        scopes=_scopes(body),
        refresh_token=_text(body, "refresh_token"),
        unverified_id_token=_text(body, "id_token"),
    )


def _access_token(body: Mapping[str, Any]) -> str:
    token = _required_text(body, "access_token")
    if not _ACCESS_TOKEN.match(token):
        raise TokenRequestError("the token endpoint answered with an access_token that cannot be sent")
    return token


def _of_type(body: Mapping[str, Any], token_type: str) -> Mapping[str, Any]:
    # Section 7.1: a client must not use a token whose type it does not understand. Names of types have no case.
    if _required_text(body, "token_type").lower() != token_type.lower():
        raise TokenRequestError(f"the token endpoint answered with a token that is not of type {token_type}")
    return body


def _lifetime(body: Mapping[str, Any]) -> float:
    if "expires_in" not in body:
        return 0.0
    lifetime = body["expires_in"]
    if isinstance(lifetime, bool) or not isinstance(lifetime, int | float) or not 0 < lifetime <= _MAX_LIFETIME:
        raise TokenRequestError("the token endpoint answered with a wrong expires_in")
    return float(lifetime)


def _scopes(body: Mapping[str, Any]) -> tuple[str, ...] | None:
    text = _text(body, "scope")
    return None if text is None else tuple(text.split())


def _required_text(body: Mapping[str, Any], member: str) -> str:
    text = _text(body, member)
    if not text:
        raise TokenRequestError(f"the token endpoint answered without {member}")
    return text


def _text(body: Mapping[str, Any], member: str) -> str | None:
    value = body.get(member)
    if value is not None and not isinstance(value, str):
        raise TokenRequestError(f"the token endpoint answered with a wrong {member}")
    return value
