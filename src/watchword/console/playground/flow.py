"""The two flows that the playground runs, an arrow at a time: with a person, and of a client for itself.

https://www.rfc-editor.org/rfc/rfc6749#section-4.1 https://www.rfc-editor.org/rfc/rfc6749#section-4.4
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from watchword.client.browser_login import PendingLogin, authorization_url, read_callback
from watchword.client.errors import CallbackError
from watchword.client.exchange import Exchange
from watchword.client.token_endpoint import TokenAnswer, read_token_answer
from watchword.console.playground.bench import Bench, answer_of
from watchword.console.playground.run import Begun, Held, Run, Step
from watchword.oauth.pkce import new_verifier
from watchword.oauth.scope import format_scope
from watchword.verify import verify_id_token
from watchword.verify.published_keys import read_published_keys


class FlowError(CallbackError):
    """A step cannot be taken: one before it has not been, or has failed."""

    code = "flow"


@dataclass(frozen=True, slots=True)
class Arrow:
    """One step of a flow, before it is taken.

    Args:
        name: in links and in what is kept.
        source: who asks: ``browser``, ``client``.
        target: whom: ``issuer``, ``client``, ``api``.
        title: what happens, in a few words.
        sentence: why it happens like this.
        take: takes it; None for what the browser does by going there.
    """

    name: str
    source: str
    target: str
    title: str
    sentence: str
    take: Callable[[Bench], Awaitable[None]] | None = None


def begin(bench: Bench, *, part: str) -> str:
    """Begin a sign-in; the address of the issuer to send the browser to."""
    run = bench.run
    run.begin_anew()
    # The part stands in front, so that whoever comes back is led to where they were.
    state, nonce = f"{part}.{secrets.token_urlsafe(32)}", secrets.token_urlsafe(32)
    run.begun = Begun(state=state, nonce=nonce, code_verifier=new_verifier())
    return authorization_url(bench.party, _pending(bench))


def part_of(state: str) -> str:
    """Of which part a ``state`` of `begin` is."""
    return state.partition(".")[0]


def come_back(bench: Bench, query: str) -> None:
    """Take the answer that the browser brought back.

    Raises:
        ClientError: it must not be used.
    """
    begun = bench.run.begun
    if begun is None or begun.code:
        raise FlowError("no sign-in waits for this answer")
    code = read_callback(bench.party, _pending(bench), query)
    bench.run.begun = replace(begun, code=code)
    asked, answered = authorization_url(bench.party, _pending(bench)), f"{bench.player.redirect_uri}?{query}"
    _keep(
        bench,
        AUTHORIZE,
        Exchange(method="GET", url=asked, status=303, reason="See Other", response_headers=(("location", answered),)),
    )
    _keep(
        bench,
        RETURN,
        Exchange(
            method="GET",
            url=answered,
            status=303,
            reason="See Other",
            response_headers=(("location", "the next step"),),
        ),
    )


async def redeem(bench: Bench) -> None:
    """Redeem the code.

    Raises:
        ClientError: the issuer refused, or did not answer.
    """
    await _take_tokens(bench, REDEEM, redemption(bench))


def redemption(bench: Bench) -> tuple[tuple[str, str], ...]:
    """The fields that redeem the code; who the client is comes with them when they are sent.

    https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3

    Raises:
        FlowError: there is no code.
    """
    begun = bench.run.begun
    if begun is None or not begun.code:
        raise FlowError("there is no code to redeem: sign in first")
    return (
        ("grant_type", "authorization_code"),
        ("code", begun.code),
        ("redirect_uri", bench.player.redirect_uri),
        ("code_verifier", begun.code_verifier),
        ("resource", bench.player.api),
    )


async def check_identity(bench: Bench) -> None:
    """Fetch the issuer's keys and check the ID token, as every client does.

    Raises:
        ClientError: the issuer did not answer.
        VerificationError: the ID token does not hold.
    """
    held, begun = bench.run.held, bench.run.begun
    if held is None or held.id_token is None or begun is None:
        raise FlowError("there is no ID token to check: redeem a code first")
    step = await bench.fetch_keys("client", CHECK.title, CHECK.sentence)
    verify_id_token(
        held.id_token,
        read_published_keys(answer_of(step), bench.party.id_token_algorithms),
        issuer=bench.desk.settings.issuer,
        client_id=bench.player.client_id,
        nonce=begun.nonce,
        now=bench.now(),
        access_token=held.access_token,
        algorithms=bench.party.id_token_algorithms,
    )
    bench.run.steps[CHECK.name] = step


async def ask_for_itself(bench: Bench) -> None:
    """Ask for a token in the client's own name.

    Raises:
        ClientError: the issuer refused, or did not answer.
    """
    bench.run.begin_anew()
    await _take_tokens(bench, ASK, _in_own_name(bench))


async def call(bench: Bench) -> None:
    """Call the API with the access token.

    Raises:
        ClientError: there is no token, or the API did not answer.
    """
    if bench.run.held is None:
        raise FlowError("there is no token to send: get one first")
    bench.run.steps[CALL.name] = await bench.call_api(bench.run.held.access_token, CALL.title, CALL.sentence)


async def refresh(bench: Bench, *, resource: str | None = None) -> Step:
    """Use the refresh token; the new tokens are held when this returns, those for another ``resource`` are not.

    Raises:
        ClientError: there is none, or the issuer did not answer.
    """
    held = bench.run.held
    if held is None or held.refresh_token is None:
        raise FlowError("there is no refresh token: sign in first")
    fields = [("grant_type", "refresh_token"), ("refresh_token", held.refresh_token)]
    fields.append(("resource", resource or bench.player.api))
    step, answer = await _ask(
        bench, fields, "Use the refresh token", "Each use gives another one; the old one is dead."
    )
    if answer is not None:
        bench.run.spent.append(held.refresh_token)
        if resource is None or resource == bench.player.api:
            bench.run.held = _held(bench, answer, before=held)
        else:
            bench.run.held = replace(held, refresh_token=answer.refresh_token or held.refresh_token)
            bench.run.facts["other_token"] = answer.access_token
            bench.run.facts["other_expires_at"] = str(bench.now() + answer.lifetime)
    return step


async def renew(bench: Bench) -> Step:
    """Get another access token as this client does: with its refresh token, or in its own name. It is held then.

    Raises:
        ClientError: it has neither, or the issuer refused or did not answer.
    """
    held = bench.run.held
    if held is None or (held.id_token is not None and held.refresh_token is None):
        raise FlowError("there is no refresh token: sign in first")
    if held.refresh_token is not None:
        step = await refresh(bench)
    else:
        step, answer = await _ask(bench, _in_own_name(bench), "Ask for another token", ASK.sentence)
        if answer is not None:
            bench.run.held = _held(bench, answer, before=held)
    if step.exchange.status != 200:
        raise FlowError("the issuer gave no new token: sign in first")
    return step


def _in_own_name(bench: Bench) -> tuple[tuple[str, str], ...]:
    return (
        ("grant_type", "client_credentials"),
        ("scope", format_scope(bench.player.scopes)),
        ("resource", bench.player.api),
    )


async def _take_tokens(bench: Bench, arrow: Arrow, fields: tuple[tuple[str, str], ...]) -> None:
    step, answer = await _ask(bench, fields, arrow.title, arrow.sentence)
    bench.run.steps[arrow.name] = step
    if answer is None:
        raise FlowError("the issuer refused the request")
    bench.run.held = _held(bench, answer, before=None)


async def _ask(
    bench: Bench, fields: "tuple[tuple[str, str], ...] | list[tuple[str, str]]", title: str, sentence: str
) -> tuple[Step, TokenAnswer | None]:
    step, body = await bench.ask_issuer(fields, title, sentence)
    return step, read_token_answer(step.exchange.status, body) if step.exchange.status == 200 else None


def _held(bench: Bench, answer: TokenAnswer, *, before: Held | None) -> Held:
    return Held(
        access_token=answer.access_token,
        expires_at=bench.now() + answer.lifetime,
        refresh_token=answer.refresh_token or (before.refresh_token if before is not None else None),
        id_token=answer.unverified_id_token or (before.id_token if before is not None else None),
    )


def _pending(bench: Bench) -> PendingLogin:
    begun = bench.run.begun
    assert begun is not None
    return PendingLogin("", begun.state, begun.nonce, begun.code_verifier, bench.player.scopes, _resources(bench.run))


def _resources(run: Run) -> tuple[str, ...]:
    assert run.player is not None
    other = run.facts.get("other_api")
    return (run.player.api,) if other is None else (run.player.api, other)


def _keep(bench: Bench, arrow: Arrow, exchange: Exchange) -> None:
    step = bench.step(arrow.source, arrow.target, arrow.title, arrow.sentence, exchange)
    bench.run.steps[arrow.name] = step


AUTHORIZE = Arrow(
    "authorize",
    "browser",
    "issuer",
    "Ask to sign in",
    "The browser carries the question; the hash of a secret (PKCE) goes with it, the secret stays with the client.",
)
RETURN = Arrow(
    "return",
    "browser",
    "client",
    "Come back with a code",
    "The code is worth nothing without the client's secret: whoever reads this address cannot use it.",
)
REDEEM = Arrow(
    "token",
    "client",
    "issuer",
    "Redeem the code",
    "Not through the browser: the client proves who it is, shows the PKCE secret, and gets the tokens.",
    redeem,
)
CHECK = Arrow(
    "keys",
    "client",
    "issuer",
    "Check who signed in",
    "With the issuer's public keys the client checks the ID token; they are fetched once and kept.",
    check_identity,
)
ASK = Arrow(
    "token",
    "client",
    "issuer",
    "Ask for a token",
    "The client proves who it is and gets a token for itself; nobody signs in.",
    ask_for_itself,
)
CALL = Arrow(
    "api",
    "client",
    "api",
    "Call the API",
    "The API verifies the token by itself: signature, issuer, audience, times, scopes. It asks nobody.",
    call,
)
WITH_A_PERSON: tuple[Arrow, ...] = (AUTHORIZE, RETURN, REDEEM, CHECK, CALL)
FOR_ITSELF: tuple[Arrow, ...] = (ASK, CALL)
