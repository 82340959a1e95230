"""The life of each signing key: what has been, and what comes next and when, if nobody does anything."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from watchword.admin.desk import AdminDesk
from watchword.issuer.keys.rotation import prepublication, retention
from watchword.issuer.keys.slots import FEED, Slot, slots_of
from watchword.issuer.settings import IssuerSettings
from watchword.store.repositories import signing_keys
from watchword.store.repositories.signing_keys import SigningKey, State

RETIRED_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a life, UTC epoch seconds; ``ends`` is None for the last one. What begins after now is planned."""

    state: State
    begins: float
    ends: float | None


@dataclass(frozen=True, slots=True)
class Life:
    """A key and its stretches in their order, the planned ones last."""

    key: SigningKey
    stretches: tuple[Stretch, ...]

    def next_after(self, now: float) -> Stretch | None:
        """What it enters next; None when nothing more is planned."""
        return next((stretch for stretch in self.stretches if stretch.begins > now), None)


@dataclass(frozen=True, slots=True)
class SlotLives:
    """The keys of one place in the ring, newest first.

    Args:
        slot: the place.
        lives: the keys; of those retired only the newest.
        rotates_from: from when on the successor may sign, UTC epoch seconds; None while there is none.
    """

    slot: Slot
    lives: tuple[Life, ...]
    rotates_from: float | None


async def key_lives(desk: AdminDesk) -> list[SlotLives]:
    """Every place in the ring with its keys, and those whose keys are still accepted."""
    slots, keys = await desk.store.read(lambda connection: (slots_of(connection), signing_keys.list_all(connection)))
    return lives_of(slots, keys, desk.settings)


def lives_of(slots: Sequence[Slot], keys: Sequence[SigningKey], settings: IssuerSettings) -> list[SlotLives]:
    """The lives of ``keys``, as rotation will have them (issuer/keys/rotation.py); the feed's come last."""
    leaving = (Slot(key.purpose, key.algorithm) for key in keys if key.state == "retiring")
    places = sorted(dict.fromkeys((*slots, *leaving)), key=lambda slot: slot == FEED)
    return [_in_slot(slot, [key for key in keys if (key.purpose, key.algorithm) == slot], settings) for slot in places]


def _in_slot(slot: Slot, keys: Sequence[SigningKey], settings: IssuerSettings) -> SlotLives:
    active = next((key for key in keys if key.state == "active"), None)
    successor = next((key for key in keys if key.state == "next"), None)
    may_sign = None
    if successor is not None and successor.published_at is not None:
        may_sign = successor.published_at + prepublication(settings)
    takeover = may_sign  # of an algorithm that was added, the first key; else it waits for the active one's end
    if active is not None and active.activated_at is not None:
        # Without a successor one is published at the rotation's next look, so the end of its time is still the plan.
        takeover = max(active.activated_at + settings.key_lifetime, may_sign or 0.0)
    newest = sorted(keys, key=lambda key: (key.created_at, key.kid), reverse=True)
    retired = [key for key in newest if key.state == "retired"][RETIRED_SHOWN:]
    lives = [Life(key, tuple(_stretches(key, takeover, settings))) for key in newest if key not in retired]
    return SlotLives(slot, tuple(lives), may_sign)


def _stretches(key: SigningKey, takeover: float | None, settings: IssuerSettings) -> Iterator[Stretch]:
    signs_from = key.activated_at
    if signs_from is None and key.state == "next":
        signs_from = takeover
    signs_until = key.retiring_at
    if signs_until is None and signs_from is not None:
        signs_until = takeover if key.state == "active" else signs_from + settings.key_lifetime
    gone_from = key.retired_at
    if gone_from is None and signs_until is not None:
        gone_from = signs_until + retention()
    entered: tuple[tuple[State, float | None], ...] = (
        ("next", key.published_at),
        ("active", signs_from),
        ("retiring", signs_until),
        ("retired", gone_from),
    )
    lived = [(state, begins) for state, begins in entered if begins is not None]
    if key.compromised_at is not None:  # what was planned is off
        lived = [(state, begins) for state, begins in lived if begins < key.compromised_at]
        lived.append(("compromised", key.compromised_at))
    for (state, begins), later in zip(lived, [*lived[1:], None], strict=True):
        yield Stretch(state, begins, None if later is None else later[1])
