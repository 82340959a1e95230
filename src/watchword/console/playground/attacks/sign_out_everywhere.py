"""Sign out everywhere: whatever the person's browsers and applications hold is worth nothing."""

from watchword.admin import revocation
from watchword.console.playground.attacks.attack import Source
from watchword.console.playground.attacks.forgery import claims_of
from watchword.console.playground.bench import Bench, code_of
from watchword.console.playground.flow import FlowError
from watchword.console.playground.run import Trial
from watchword.console.playground.withdrawal import present_until_refused


class SignOutEverywhere:
    """End everything that a person has, and go on with the tokens of before."""

    name = "sign-out-everywhere"
    title = "Go on after a sign-out everywhere"
    sentence = (
        "A person whose telephone was stolen signs out everywhere, this console included, and the thief goes on with "
        "what was on it."
    )
    why = (
        "Whoever says that nothing of theirs may be believed any more means every browser and every application, and "
        "means now; nobody can list all the tokens there are, so that each carries a number that one entry outdates."
    )
    sources: tuple[Source, ...] = (
        Source("RFC 9700, section 4.14.2", "https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2"),
        Source("RFC 7009, section 2", "https://www.rfc-editor.org/rfc/rfc7009#section-2"),
    )
    needs = frozenset({"access_token", "refresh_token"})
    ends_the_run = True

    async def run(self, bench: Bench) -> Trial:
        """See `Attack.run`."""
        held = bench.run.held
        if held is None or held.refresh_token is None:
            raise FlowError("there are no tokens: sign in first")
        token = held.access_token
        before = await bench.call_api(token, "Present it once more", "It is good: neither expired nor withdrawn.")
        if before.exchange.status != 200:
            raise FlowError("the token is not good any more: sign in first")
        await revocation.revoke_user(bench.desk, str(claims_of(token)["sub"]))
        after, seconds = await present_until_refused(
            bench, token, "Present it again", "It has not expired, and the API asked nobody: it knows."
        )
        fields = (
            ("grant_type", "refresh_token"),
            ("refresh_token", held.refresh_token),
            ("resource", bench.player.api),
        )
        renewed, _ = await bench.ask_issuer(
            fields, "Ask for another token", "The refresh token was never used, and it ended too.", source="attacker"
        )
        code = code_of(after)
        is_refused = after.exchange.status == 401 and code in {"", "token_revoked"}
        return Trial(
            steps=(before, after, renewed),
            held=is_refused and renewed.exchange.status == 400 and code_of(renewed) == "invalid_grant",
            code=code,
            token=token,
            note=f"the API refused {seconds:.1f} seconds after the sign-out",
            at=bench.now(),
        )
