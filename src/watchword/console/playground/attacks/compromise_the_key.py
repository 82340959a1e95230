"""Compromise the signing key: whatever it signed is worth nothing, and everybody goes on with another."""

from watchword.admin import keys
from watchword.console.playground import flow
from watchword.console.playground.attacks.attack import Source
from watchword.console.playground.attacks.forgery import header_of
from watchword.console.playground.bench import Bench, answer_of, code_of
from watchword.console.playground.flow import FlowError
from watchword.console.playground.run import Trial
from watchword.console.playground.withdrawal import present_until_refused


class CompromiseTheKey:
    """Say that the key is stolen, and present what it signed."""

    name = "compromise-the-key"
    title = "Compromise the signing key"
    sentence = "An operator says that the signing key is stolen, and a token that it signed is presented all the same."
    why = (
        "Whoever has the key signs what he likes, so that nothing of it may be believed; and an answer to a theft "
        "that stops everybody's work comes too late."
    )
    sources: tuple[Source, ...] = (
        Source("RFC 7515, section 10.1", "https://www.rfc-editor.org/rfc/rfc7515#section-10.1"),
        Source("RFC 7517, section 9.2", "https://www.rfc-editor.org/rfc/rfc7517#section-9.2"),
        Source(
            "OpenID Connect Core, section 10.1.1", "https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys"
        ),
    )
    needs = frozenset({"access_token"})
    ends_the_run = False

    async def run(self, bench: Bench) -> Trial:
        """See `Attack.run`.

        Raises:
            KeyStepError: some verifier may not know the next key yet; says for how long.
        """
        if bench.run.held is None:
            raise FlowError("there is no token of the key: get one first")
        token = bench.run.held.access_token
        header = header_of(token)
        stolen = str(header["kid"])
        await keys.require_known_successor(bench.desk, str(header["alg"]))
        before = await bench.call_api(token, "Present it once more", "It is good, and so is the key.")
        if before.exchange.status != 200:
            raise FlowError("the token is not good any more: run the flow again first")
        successor = await keys.compromise(bench.desk, stolen)
        after, seconds = await present_until_refused(
            bench, token, "Present it again", "The signature still holds, but the API knows that the key is stolen."
        )
        published = await bench.fetch_keys(
            "api", "Fetch the public keys", "The stolen key is gone; the one that signs now has been here for a while."
        )
        renewed = await flow.renew(bench)
        new = bench.run.held.access_token
        called = await bench.call_api(new, "Call the API with a new token", "Nobody had to wait for the new key.")
        kids = {str(key.get("kid")) for key in answer_of(published).get("keys", ())}
        code = code_of(after)
        held = (
            after.exchange.status == 401
            and code in {"", "token_revoked"}
            and called.exchange.status == 200
            and header_of(new)["kid"] == successor
            and successor in kids
            and stolen not in kids
        )
        note = f"refused {seconds:.1f} seconds after {stolen} was withdrawn; {successor} signs in its place"
        steps = (before, after, published, renewed, called)
        return Trial(steps=steps, held=held, code=code, token=token, note=note, at=bench.now())
