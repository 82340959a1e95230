"""The pages of the demonstration's web application: plain HTML, no script, every value escaped."""

import json
from html import escape
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

from watchword.client.api_call import ApiAnswer
from watchword.demo.settings import DemoSettings
from watchword.demo.web_session import WebSession


def signed_out_page(settings: DemoSettings) -> HTMLResponse:
    """Whoever is not signed in sees where to begin."""
    return _narrow(
        settings,
        "Orders",
        '<header class="card-head"><p class="voice">A demonstration</p><h1>The order book</h1>'
        "<p>This web application asks an API for orders in your name. It never sees your password, and your "
        "browser never sees a token.</p></header>"
        '<p><a class="button button-wide" id="sign-in" href="/sign-in">Sign in</a></p>',
    )


def signed_in_page(settings: DemoSettings, session: WebSession) -> HTMLResponse:
    """Whoever is signed in sees as whom, and what can be done."""
    return _wide(
        settings,
        session,
        "Orders",
        '<header class="post-head"><h1>You are signed in</h1>'
        f'<p class="muted">as <strong id="user"><bdi>{escape(_who(session))}</bdi></strong>, '
        f'by <span class="machine">{escape(_host(settings.issuer))}</span>.</p></header>'
        '<div class="stack-loose">'
        '<section class="card split"><div><h2>Read the orders</h2>'
        "<p class='muted'>This server calls the API with your token and shows what it answers.</p></div>"
        '<a class="button" id="show-orders" href="/me/orders">Show the orders</a></section>'
        f"{_place_order_form(session)}"
        "</div>",
    )


def answer_page(settings: DemoSettings, session: WebSession, request_line: str, answer: ApiAnswer) -> HTMLResponse:
    """What the API answered, as it stands."""
    tone = "good" if answer.status < 400 else "error"
    challenge = (
        f'<section class="card"><h2>WWW-Authenticate</h2><pre class="code" id="challenge" tabindex="0">'
        f"<code>{escape(answer.challenge)}</code></pre></section>"
        if answer.challenge
        else ""
    )
    return _wide(
        settings,
        session,
        f"{answer.status} · Orders",
        '<header class="post-head"><h1>The API answered</h1>'
        f'<p><span class="status status-{tone}" id="status">{answer.status} {escape(answer.reason)}</span></p></header>'
        '<div class="stack-loose">'
        f'<section class="card"><h2 class="machine">{escape(request_line)}</h2>'
        '<p class="muted small">Authorization: Bearer …, kept by this server</p>'
        '<pre class="code card-after" id="answer" tabindex="0">'
        f"<code>{escape(_readable(answer))}</code></pre></section>"
        f"{challenge}{_place_order_form(session)}"
        '<p><a href="/">Back</a></p></div>',
    )


def trouble_page(settings: DemoSettings, status: int, title: str, sentence: str) -> HTMLResponse:
    """Something went wrong; says what, in one sentence without any input in it."""
    page = _narrow(
        settings,
        title,
        f'<header class="card-head"><h1>{escape(title)}</h1><p id="trouble">{escape(sentence)}</p></header>'
        '<p><a class="button button-wide" href="/">Begin again</a></p>',
    )
    page.status_code = status
    return page


def _place_order_form(session: WebSession) -> str:
    return (
        '<section class="card"><h2>Place an order</h2>'
        '<form class="stack card-after" method="post" action="/me/orders">'
        '<div class="field"><label for="item">What should it be?</label>'
        '<input id="item" name="item" required maxlength="80" autocomplete="off"></div>'
        '<button class="button" id="place-order" type="submit">Place the order</button>'
        f"{_csrf_field(session)}</form></section>"
    )


def _csrf_field(session: WebSession) -> str:
    return f'<input type="hidden" name="csrf_token" value="{escape(session.csrf_token)}">'


def _who(session: WebSession) -> str:
    return session.tokens.name or session.tokens.subject or "somebody"


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _readable(answer: ApiAnswer) -> str:
    text = answer.body.decode("utf-8", "replace")
    if not answer.content_type.startswith("application/json"):
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def _narrow(settings: DemoSettings, title: str, main: str) -> HTMLResponse:
    return _page(
        settings,
        title,
        f'<div class="gate"><div class="brand"><span>Orders</span></div>'
        f'<main id="main" class="card">{main}</main>'
        f'<footer class="gate-foot">You are at <b class="machine">{escape(_host(settings.origin))}</b></footer></div>',
    )


def _wide(settings: DemoSettings, session: WebSession, title: str, main: str) -> HTMLResponse:
    return _page(
        settings,
        title,
        '<header class="bar"><a class="brand" href="/"><span>Orders</span></a><div class="bar-side">'
        f"<span><bdi>{escape(_who(session))}</bdi></span>"
        f'<form method="post" action="/sign-out">{_csrf_field(session)}'
        '<button class="button button-secondary button-small" id="sign-out" type="submit">Sign out</button></form>'
        f'</div></header><main id="main" class="post">{main}</main>',
    )


def _page(settings: DemoSettings, title: str, body: str) -> HTMLResponse:
    stylesheet = settings.stylesheet
    link = f'<link rel="stylesheet" href="{escape(stylesheet)}">' if stylesheet else ""
    ribbon = (
        '<p class="ribbon"><span><strong>Local</strong> — nothing leaves this machine</span></p>'
        if settings.is_plain_http
        else ""
    )
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,">{link}</head>'
        f'<body><a class="skip" href="#main">Skip to the content</a>{ribbon}{body}</body></html>',
        headers=_headers(settings),
    )


def _headers(settings: DemoSettings) -> dict[str, str]:
    style = _origin(settings.stylesheet) if settings.stylesheet else "'none'"
    # Chromium holds the redirects after a form against form-action, and sign-out goes on to the issuer and back.
    policy = (
        f"default-src 'none'; style-src {style}; img-src data:; form-action 'self' {_origin(settings.issuer)}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
