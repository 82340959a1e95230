"""Looking out for the newcomer's own API: asked without a token and with one, until it answers as a guarded one does.

Verification is local, so the issuer hears nothing of it: the only way to know is to ask the API itself. Only this
machine is asked, and only while somebody looks at the page.
"""

import json
import shlex
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from watchword.client.exchange import Exchange, NoAnswerError, NotOnThisMachineError, aexchange
from watchword.console.playground import flow
from watchword.console.playground.bench import Bench
from watchword.console.playground.preparation import YOURS
from watchword.console.yours_code import PATH

ADDRESS = f"{YOURS}{PATH}"
_PATIENCE_SECONDS = 2.0
_MARGIN_SECONDS = 60.0
_MAX_ADDRESS = 512


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen.

    Args:
        state: ``waiting`` (nobody there), ``open`` (answers without a token), ``refusing`` (refuses a good token),
            ``guarded``.
        sentence: what that means, and what to do; empty while there is nothing to say.
        without: the status without a token; None if nobody answered.
        with_token: the status with one.
        reason: why a good token was refused, as far as the API says.
    """

    state: str
    sentence: str
    without: int | None = None
    with_token: int | None = None
    reason: str = ""

    def members(self) -> dict[str, str | int | None]:
        """As the page's script hears it."""
        return asdict(self)

    def to_text(self) -> str:
        """As it is kept."""
        return json.dumps(self.members())

    @classmethod
    def from_text(cls, text: str | None) -> "Sighting":
        """What `to_text` wrote; nobody seen yet, if there is nothing."""
        return NOBODY if text is None else cls(**json.loads(text))


NOBODY = Sighting("waiting", "")


def address_of(bench: Bench) -> str:
    """Where the newcomer's API is looked for."""
    return bench.run.facts.get("address", ADDRESS)


async def own_token(bench: Bench) -> str:
    """A token of the person for their own API, good for a minute at least.

    Raises:
        ClientError: the issuer gives none.
    """
    facts = bench.run.facts
    if "other_token" not in facts or float(facts["other_expires_at"]) < bench.now() + _MARGIN_SECONDS:
        facts.pop("other_token", None)
        await flow.refresh(bench, resource=YOURS)
    if "other_token" not in facts:
        raise flow.FlowError("the issuer gave no token for your API: sign in again")
    return facts["other_token"]


def commands(bench: Bench) -> str:
    """What asks the API from a terminal as `look` does, a command a line; empty without a token that still lives."""
    facts = bench.run.facts
    if "other_token" not in facts or float(facts["other_expires_at"]) <= bench.now():
        return ""
    # A JSON body ends without a line feed, and what follows would be glued to it.
    ask = f'curl -i -w "\\n" {shlex.quote(address_of(bench))}'
    return f'{ask}\n{ask} -H "Authorization: Bearer {facts["other_token"]}"'


async def look(bench: Bench, address: str) -> Sighting:
    """Ask the API at ``address`` twice.

    Raises:
        ClientError: the issuer gives no token to ask with.
    """
    token = await own_token(bench)
    if len(address) > _MAX_ADDRESS or urlsplit(address).netloc == urlsplit(bench.desk.settings.issuer).netloc:
        return Sighting("waiting", "that is not the address of an API of yours")
    try:
        without = await _ask(bench, address, None)
        with_token = await _ask(bench, address, token)
    except NotOnThisMachineError:
        return Sighting("waiting", "only addresses on this machine are asked, such as http://localhost:8500/hello")
    except NoAnswerError:
        bench.run.facts["address"] = address  # it may be on its way up
        return NOBODY
    except ValueError:
        return NOBODY
    bench.run.facts["address"] = address
    return judge(without, with_token)


def judge(without: Exchange, with_token: Exchange) -> Sighting:
    """What two answers say about the API, the first given without a token, the second with a good one."""
    seen = (without.status, with_token.status)
    if without.status < 400:
        return Sighting("open", "it answers without a token: that route is not protected", *seen)
    if without.status != 401:
        return Sighting("waiting", "something answers there, but not this route: look at the path", *seen)
    if with_token.status < 400:
        return Sighting("guarded", "it answers with a token, and refuses to without one", *seen)
    reason = with_token.header("www-authenticate") or ""
    return Sighting("refusing", "it refuses a good token: compare issuer, audience and scope", *seen, reason)


async def _ask(bench: Bench, address: str, token: str | None) -> Exchange:
    headers = {"accept": "application/json"}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    return await aexchange("GET", address, clock=bench.desk.clock, headers=headers, seconds=_PATIENCE_SECONDS)
