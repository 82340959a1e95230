"""The buttons of the first screen: each sends something real, and the answer is shown as it came."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from watchword.admin import revocation
from watchword.console.playground.attacks import ATTACKS
from watchword.console.playground.attacks.attack import refused
from watchword.console.playground.bench import Bench
from watchword.console.playground.flow import FlowError
from watchword.console.playground.run import Trial
from watchword.console.playground.withdrawal import present_until_refused
from watchword.jose import JOSEError, base64url
from watchword.jose.json_object import decode_object

_ATTACKS = {attack.name: attack for attack in ATTACKS}


@dataclass(frozen=True, slots=True)
class StartAction:
    """One button.

    Args:
        name: in links and forms.
        label: what it says.
        hint: what it does, in one sentence.
        run: does it.
        ends: whether the person is signed out afterwards.
    """

    name: str
    label: str
    hint: str
    run: Callable[[Bench, str], Awaitable[Trial]]
    ends: bool = False


def _token(bench: Bench) -> str:
    if bench.run.held is None:
        raise FlowError("there is no token to send: get one first")
    return bench.run.held.access_token


async def change_one_character(bench: Bench, user_id: str) -> Trial:
    """Present the token with one character of its payload changed, so that one claim says something else."""
    del user_id
    changed, claim = _with_one_change(_token(bench))
    step = await bench.call_api(
        changed, "Present the changed token", "One character of the payload is another one.", source="attacker"
    )
    return refused(bench, step, token=changed, note=f"the claim {claim} is not what the issuer signed")


def _with_one_change(token: str) -> tuple[str, str]:
    """The token with one character changed, and the claim that reads otherwise; it can still be read."""
    header, payload, signature = token.split(".")
    before = decode_object(base64url.decode_text(payload))
    for place in range(len(payload) - 1):
        for other in "AQgw":
            changed = f"{payload[:place]}{other}{payload[place + 1 :]}"
            try:
                after = decode_object(base64url.decode_text(changed))
            except JOSEError:
                continue
            different = [name for name in before if after.get(name) != before[name]]
            # Of all claims the one that says who it is, since that is what somebody would want to change.
            if after.keys() == before.keys() and different == ["sub"] and str(after["sub"]).isalnum():
                return f"{header}.{changed}.{signature}", "sub"
    return f"{header}.{payload[::-1]}.{signature}", "payload"


async def sign_out_everywhere(bench: Bench, user_id: str) -> Trial:
    """Withdraw everything the person holds, and present the token until the API refuses it."""
    token = _token(bench)
    await revocation.revoke_user(bench.desk, user_id)
    step, took = await present_until_refused(
        bench, token, "Present the same token again", "It has not expired: it was withdrawn."
    )
    return refused(bench, step, token=token, note=f"{took:.1f} seconds after the sign-out")


def _attack(name: str) -> Callable[[Bench, str], Awaitable[Trial]]:
    async def run(bench: Bench, user_id: str) -> Trial:
        del user_id
        _token(bench)
        return await _ATTACKS[name].run(bench)

    return run


START_ACTIONS: tuple[StartAction, ...] = (
    StartAction(
        "change-one-character",
        "Change one character",
        "The signature no longer fits.",
        change_one_character,
    ),
    StartAction(
        "use-it-elsewhere",
        "Use it elsewhere",
        "The payroll API trusts this issuer too, but the token was not made for it.",
        _attack("another-audience"),
    ),
    StartAction(
        "let-it-expire",
        "Let it expire",
        "The clock of the API goes ahead, for that one request.",
        _attack("replay-after-expiry"),
    ),
    StartAction(
        "sign-out-everywhere",
        "Sign out everywhere",
        "You will be signed out of this console too.",
        sign_out_everywhere,
        ends=True,
    ),
)
