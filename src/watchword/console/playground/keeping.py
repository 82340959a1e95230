"""A part's state between two requests: read for one administrator, sealed again, never put over another tab's."""

from dataclasses import dataclass

from watchword.admin import playground
from watchword.console.playground.bench import Bench
from watchword.console.playground.run import Run
from watchword.console.visit import Visit
from watchword.issuer.requests import issuer_of


@dataclass(frozen=True, slots=True)
class Kept:
    """A part as it was read, on the bench. ``version`` is that of the stored state, 0 if there is none."""

    part: str
    bench: Bench
    version: int

    @property
    def run(self) -> Run:
        """What was reached."""
        return self.bench.run


async def load(visit: Visit, part: str) -> Kept:
    """What the administrator has reached in ``part``."""
    issuer = issuer_of(visit.request)
    found = await playground.load(visit.desk, issuer.secrets["console"], user_id=visit.admitted.user.id, part=part)
    run = Run.from_bytes(found.text) if found.text is not None else None
    if run is None or run.issuer != issuer.settings.issuer:
        run = Run(issuer=issuer.settings.issuer)
    return Kept(part, Bench(visit.desk, run), found.version)


async def save(visit: Visit, kept: Kept) -> bool:
    """Keep what was reached; whether no other tab was quicker, whose state then stands."""
    return await playground.save(
        visit.desk,
        issuer_of(visit.request).secrets["console"],
        kept.run.to_bytes(),
        user_id=visit.admitted.user.id,
        part=kept.part,
        expected_version=kept.version,
    )
