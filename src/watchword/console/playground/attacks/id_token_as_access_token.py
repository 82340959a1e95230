"""Pass off who signed in as a permission."""

from watchword.console.playground.attacks.attack import Source, refused
from watchword.console.playground.bench import Bench
from watchword.console.playground.flow import FlowError
from watchword.console.playground.run import Trial


class IdTokenAsAccessToken:
    """Present the ID token where an access token belongs."""

    name = "id-token-as-access-token"
    title = "Use the ID token instead"
    sentence = "The ID token, signed by the same issuer for the client, goes to the API as the bearer token."
    why = "An ID token tells a client who signed in; it grants nothing, and it passes through more hands."
    sources: tuple[Source, ...] = (
        Source("RFC 9068, section 4", "https://www.rfc-editor.org/rfc/rfc9068#section-4"),
        Source("RFC 8725, section 3.11", "https://www.rfc-editor.org/rfc/rfc8725#section-3.11"),
        Source("RFC 8725, section 3.12", "https://www.rfc-editor.org/rfc/rfc8725#section-3.12"),
    )
    needs = frozenset({"id_token"})
    ends_the_run = False

    async def run(self, bench: Bench) -> Trial:
        """See `Attack.run`."""
        held = bench.run.held
        if held is None or held.id_token is None:
            raise FlowError("there is no ID token: sign in first")
        step = await bench.call_api(
            held.id_token,
            "Present the ID token",
            "The API takes tokens of the type at+jwt alone; the header of this one says JWT.",
            source="attacker",
        )
        return refused(bench, step, token=held.id_token)
