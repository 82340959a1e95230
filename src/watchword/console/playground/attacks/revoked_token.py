"""Use a token that was withdrawn."""

from watchword.client.exchange import aexchange
from watchword.console.playground import flow
from watchword.console.playground.attacks.attack import Source, refused
from watchword.console.playground.bench import Bench
from watchword.console.playground.flow import FlowError
from watchword.console.playground.run import Trial
from watchword.console.playground.withdrawal import present_until_refused
from watchword.issuer.endpoints import paths


class RevokedToken:
    """Withdraw the access token, and go on using it."""

    name = "revoked-token"
    title = "Use a withdrawn token"
    sentence = "The client withdraws a stolen access token, and the thief presents it all the same."
    why = (
        "A signature and an expiry say nothing of what happened since: every verifier mirrors the issuer's journal, so "
        "that a withdrawn token is refused without asking the issuer."
    )
    sources: tuple[Source, ...] = (
        Source("RFC 7009, section 2", "https://www.rfc-editor.org/rfc/rfc7009#section-2"),
        Source("RFC 9700, section 4.14", "https://www.rfc-editor.org/rfc/rfc9700#section-4.14"),
    )
    needs = frozenset({"access_token"})
    ends_the_run = False

    async def run(self, bench: Bench) -> Trial:
        """See `Attack.run`."""
        if bench.run.held is None:
            raise FlowError("there is no token to withdraw: get one first")
        token = bench.run.held.access_token
        before = await bench.call_api(token, "Present it once more", "It is good: neither expired nor withdrawn.")
        if before.exchange.status != 200:
            raise FlowError("the token is not good any more: run the flow again first")
        form = bench.party.form(bench.desk.settings.url(paths.REVOKE), (("token", token),))
        exchange = await aexchange(
            "POST", form.url, clock=bench.desk.clock, headers=dict(form.headers), form=form.fields
        )
        withdrawn = bench.step(
            "client",
            "issuer",
            "Withdraw it",
            "Who received a token may withdraw it; the issuer writes it down.",
            exchange,
        )
        after, seconds = await present_until_refused(
            bench, token, "Present it again", "It has not expired, and the API asked nobody: it knows."
        )
        # The run goes on with another token, so that the next attack has something to begin with.
        await flow.renew(bench)
        note = f"refused {seconds:.1f} seconds after the issuer's answer"
        return refused(bench, before, withdrawn, after, token=token, note=note, expected_code="token_revoked")
