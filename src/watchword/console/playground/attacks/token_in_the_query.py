"""Put a token where everybody reads it."""

from urllib.parse import urlencode

from watchword.client.exchange import aexchange
from watchword.console.playground.attacks.attack import Source, refused
from watchword.console.playground.bench import Bench
from watchword.console.playground.run import Trial


class TokenInTheQuery:
    """Send a good token in the address."""

    name = "token-in-the-query"
    title = "Put it into the address"
    sentence = "The token, good as it is, comes as a parameter of the address, with no Authorization header."
    why = "Addresses are kept in histories and logs and passed on, and whoever finds a bearer token there can use it."
    sources: tuple[Source, ...] = (
        Source("RFC 9700, section 4.3.2", "https://www.rfc-editor.org/rfc/rfc9700#section-4.3.2"),
        Source("RFC 6750, section 5.3", "https://www.rfc-editor.org/rfc/rfc6750#section-5.3"),
    )
    needs = frozenset({"access_token"})
    ends_the_run = False

    async def run(self, bench: Bench) -> Trial:
        """See `Attack.run`."""
        assert bench.run.held is not None
        token, address = bench.run.held.access_token, bench.player.address
        exchange = await aexchange(
            "GET",
            f"{address}{'&' if '?' in address else '?'}{urlencode({'access_token': token})}",
            clock=bench.desk.clock,
            headers={"accept": "application/json"},
        )
        step = bench.step(
            "attacker",
            "api",
            "Send the token in the query",
            "The API refuses the request, so that no client gets used to it.",
            exchange,
        )
        return refused(bench, step, token=token, expected=400)
