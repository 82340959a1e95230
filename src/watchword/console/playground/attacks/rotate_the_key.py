"""Rotate the signing key: nothing is to be refused here, everything has to go on."""

from collections.abc import Sequence

from watchword.admin import keys
from watchword.console.playground import flow
from watchword.console.playground.attacks.attack import Source
from watchword.console.playground.attacks.forgery import header_of
from watchword.console.playground.bench import Bench, answer_of
from watchword.console.playground.run import Step, Trial

_ALGORITHM = "ES256"
# A token that ends while the requests are sent would be refused for that.
_ENOUGH_SECONDS = 30


class RotateTheKey:
    """Let the successor sign from now on, and look whether any token minds."""

    name = "rotate-the-key"
    title = "Rotate the signing key and watch nothing break"
    sentence = "The successor signs from now on, while a token of the old key and one of the new key are both in use."
    why = "A key that cannot be replaced while everything runs is not replaced, least of all when it has to be."
    sources: tuple[Source, ...] = (
        Source(
            "OpenID Connect Core, section 10.1.1", "https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys"
        ),
        Source("RFC 7515, section 4.1.4", "https://www.rfc-editor.org/rfc/rfc7515#section-4.1.4"),
    )
    needs = frozenset({"access_token"})
    ends_the_run = False

    async def run(self, bench: Bench) -> Trial:
        """See `Attack.run`.

        Raises:
            KeyStepError: the successor has not been published for long enough; says for how many seconds it must be.
        """
        assert bench.run.held is not None
        steps: list[Step] = []
        if bench.run.held.expires_at - bench.now() < _ENOUGH_SECONDS:
            steps.append(await flow.renew(bench))
        old = bench.run.held.access_token
        before = await bench.fetch_keys(
            "api", "Fetch the public keys", "The successor is published long before it signs."
        )
        called = [await bench.call_api(old, "Call the API", "With a token of the key that signs now.")]
        steps += before, *called
        kid = await keys.rotate(bench.desk, _ALGORITHM)
        after = await bench.fetch_keys(
            "api", "Fetch the public keys again", "The old key stays until the last token that it signed has ended."
        )
        called.append(await bench.call_api(old, "Call the API with the old token", "Its key is still published."))
        steps += after, called[-1], await flow.renew(bench)
        new = bench.run.held.access_token
        called.append(
            await bench.call_api(new, "Call the API with the new token", "The API has known the new key for a while.")
        )
        steps.append(called[-1])
        old_kid = header_of(old)["kid"]
        held = (
            [step.exchange.status for step in called] == [200, 200, 200]
            and header_of(new)["kid"] == kid != old_kid
            and all({old_kid, kid} <= set(_kids(step)) for step in (before, after))
        )
        note = f"Between the two lists of keys the issuer rotated: {kid} signs from now on, {old_kid} does not."
        return Trial(steps=tuple(steps), held=held, token=new, note=note, at=bench.now())


def _kids(step: Step) -> Sequence[str]:
    return [str(key["kid"]) for key in answer_of(step).get("keys", ()) if "kid" in key]
