"""The console's own issuer, asked as any client asks it, but without leaving the process.

The whole application answers, edge and client authentication included. Behind a proxy the issuer's public address may
not lead back here, so no socket is opened.
"""

import json
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.types import Message

from watchword.admin.console_client import ID_TOKEN_ALGORITHM, ConsoleClient
from watchword.client.browser_login import RelyingParty
from watchword.client.discovery import IssuerMetadata, read_metadata
from watchword.client.token_endpoint import FormPost
from watchword.console.paths import CALLBACK
from watchword.issuer.endpoints.discovery import oauth_metadata, openid_metadata
from watchword.issuer.requests import issuer_of
from watchword.issuer.settings import IssuerSettings


def own_metadata(settings: IssuerSettings) -> IssuerMetadata:
    """What the issuer publishes about itself."""
    document = {**oauth_metadata(settings), **openid_metadata(settings, id_token_algorithms=(ID_TOKEN_ALGORITHM,))}
    return read_metadata(document, expected_issuer=settings.issuer)


def relying_party(request: Request) -> RelyingParty:
    """The console, as a client of the issuer."""
    issuer = issuer_of(request)
    own = ConsoleClient.of(issuer.secrets["console"])
    redirect_uri = issuer.settings.url(CALLBACK)
    return RelyingParty(
        own_metadata(issuer.settings),
        own.client_id,
        redirect_uri,
        own.secret,
        id_token_algorithms=(ID_TOKEN_ALGORITHM,),
    )


async def post(request: Request, form: FormPost) -> tuple[int, dict[str, Any] | None]:
    """Status and JSON body of what this application answers to ``form``."""
    address = urlsplit(form.url)
    body = urlencode(list(form.fields)).encode()
    headers = [
        (b"host", issuer_of(request).settings.host.encode()),
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"content-length", str(len(body)).encode()),
        *((name.lower().encode(), value.encode()) for name, value in form.headers.items()),
    ]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": address.scheme,
        "path": address.path,
        "raw_path": address.path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": request.client and (request.client.host, request.client.port),
        "server": None,
        "state": {},
    }
    sent: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    answered: list[Message] = []

    async def receive() -> Message:
        return sent.pop() if sent else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answered.append(message)

    await request.app(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in answered if message["type"] == "http.response.body")
    try:
        value = json.loads(content)
    except ValueError:
        value = None
    return int(answered[0]["status"]), value if isinstance(value, dict) else None
