"""What one part of the playground has reached: who plays the client, what was sent and answered, what came of it."""

from dataclasses import dataclass, field

import msgspec

from watchword.client.exchange import Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """The registered client whose part the playground plays, and the API that it calls.

    Args:
        client_id: as registered.
        client_secret: None for a public client.
        redirect_uri: where the browser comes back to; empty for a client that acts for itself.
        api: the identifier of the API whose tokens it asks for.
        address: where that API is called.
        scopes: what it asks for.
    """

    client_id: str
    client_secret: str | None = field(repr=False)
    redirect_uri: str
    api: str
    address: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A sign-in that has begun, with the secrets that only its browser and its client know."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    code: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The tokens that the client holds. ``expires_at`` is the access token's, UTC epoch seconds."""

    access_token: str = field(repr=False)
    expires_at: float
    refresh_token: str | None = field(repr=False, default=None)
    id_token: str | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One arrow: who asked whom for what.

    Args:
        source: ``browser``, ``client``, ``issuer`` or ``api``.
        target: the same.
        title: what happened, in a few words.
        sentence: why it happens like this.
        exchange: the request and its answer.
        at: UTC epoch seconds.
    """

    source: str
    target: str
    title: str
    sentence: str
    exchange: Exchange
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """An attack that was tried, or a button that was pressed.

    Args:
        steps: everything that was sent for it, in its order.
        held: whether the defence held.
        code: the reason the verifier or the issuer gave; empty if it gave none.
        token: the token that was presented last.
        note: what a person should know besides.
        at: UTC epoch seconds.
    """

    steps: tuple[Step, ...]
    held: bool
    code: str = ""
    token: str = field(repr=False, default="")
    note: str = ""
    at: float


@dataclass(slots=True, kw_only=True)
class Run:
    """The whole state of one part, as it is kept (sealed) between two requests.

    Args:
        issuer: for which it was made; another address of the issuer begins anew.
        player: once it is registered.
        begun: the sign-in under way or done last.
        held: the tokens, once there are some.
        steps: what was done, by the name of the step, in its order.
        trials: the attacks that were tried, by their names.
        spent: refresh tokens that were used, oldest first.
        facts: whatever a part keeps besides, as texts.
    """

    issuer: str
    player: Player | None = None
    begun: Begun | None = None
    held: Held | None = None
    steps: dict[str, Step] = field(default_factory=dict)
    trials: dict[str, Trial] = field(default_factory=dict)
    spent: list[str] = field(default_factory=list, repr=False)
    facts: dict[str, str] = field(default_factory=dict, repr=False)

    def begin_anew(self) -> None:
        """Forget the tokens and how they were got; who plays stays, and which attacks were tried."""
        self.begun, self.held = None, None
        self.steps, self.spent = {}, []
        for name in ("other_token", "other_expires_at"):
            self.facts.pop(name, None)

    def to_bytes(self) -> bytes:
        """As it is kept; tokens and secrets are in it, so it is sealed before it is stored."""
        return msgspec.json.encode(self)

    @classmethod
    def from_bytes(cls, text: bytes) -> "Run | None":
        """What `to_bytes` wrote; None if a version of another shape did."""
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError:  # ValidationError is one
            return None
