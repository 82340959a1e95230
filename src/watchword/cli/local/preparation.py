"""Everything an installation needs before it can be served, from an empty or a used data directory."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from watchword.admin import installation, quickstart, seed, seed_file, setup
from watchword.admin.desk import AdminDesk
from watchword.admin.quickstart import Quickstart
from watchword.admin.seed_file import Seed
from watchword.cli.local.migration import Migration
from watchword.cli.local.names import load_or_choose
from watchword.clock import SystemClock
from watchword.config import Loaded
from watchword.store.engine import open_store
from watchword.store.sealing import MasterKey
from watchword.wiring import create_application, ensure_installation, open_issuer


@dataclass
class Findings:
    """What is to be told about a start."""

    notes: list[str] = field(default_factory=list)
    setup: str | None = None
    admin: str | None = None
    clients: list[dict[str, str]] = field(default_factory=list)


class Preparation:
    """One start.

    Args:
        loaded: the settings of the local issuer, and how they came about.
        migration: what brings the schema up to date, in a process of its own.
        names: the file with ids and secrets of the demo's clients.
        seed_path: a seed file to apply.
        wants_setup: whether to open a set-up link while there is no administrator.
    """

    def __init__(
        self, loaded: Loaded, *, migration: Migration, names: Path, seed_path: Path | None, wants_setup: bool
    ) -> None:
        self.settings = loaded.settings
        self._explained = loaded.explained
        self._migration = migration
        self._names = names
        self._seed_path = seed_path
        self._wants_setup = wants_setup
        self.findings = Findings()

    async def application(self) -> Any:
        """The application, everything it needs being there."""
        self._migration.finish()
        wanted = None if self._seed_path is None else seed_file.read(self._seed_path, local=self.settings.is_local)
        await self._prepare_store()
        opened = await open_issuer(self.settings, serving=True)
        try:
            await self._prepare_records(opened.desk, wanted)
        except BaseException:
            await opened.close()
            raise
        return create_application(opened, self._explained)

    async def _prepare_store(self) -> None:
        clock = SystemClock()
        store = open_store(self.settings.database.url)
        try:
            found = await installation.look(store)
            if not found.is_current:
                self._migration.run()
                found = await installation.look(store)
            is_new = found.issuer is None
            self._make_key(is_new=is_new)
            issuer = self.settings.server.issuer
            await ensure_installation(self.settings, store, now=clock.now())
            if is_new and self.settings.witness_file is not None:
                self.settings.witness_file.unlink(missing_ok=True)  # it remembers an installation that is no more
            old = await installation.rename(store, issuer=issuer, now=clock.now())
            if old is not None:
                self.findings.notes.append(
                    f"the issuer was {old} and is {issuer} now: sign in again, tokens of the old one are refused"
                )
        finally:
            await store.close()

    def _make_key(self, *, is_new: bool) -> None:
        keys = self.settings.keys
        if is_new and keys.master_key is None and keys.master_key_file is not None:
            path = Path(keys.master_key_file)
            if not path.exists():
                MasterKey.generate_file(path)

    async def _prepare_records(self, desk: AdminDesk, wanted: Seed | None) -> None:
        names = load_or_choose(self._names)
        assert self.settings.local.demo_url is not None
        moved = await quickstart.ensure(
            desk,
            Quickstart(
                demo_url=self.settings.local.demo_url,
                api_id=names.api_id,
                demo_id=names.demo_id,
                demo_secret=names.demo_secret,
                machine_id=names.machine_id,
                machine_secret=names.machine_secret,
                command_line_id=names.command_line_id,
            ),
        )
        if moved is not None:
            self.findings.notes.append(f"the orders API was {moved} and is {self.settings.local.demo_url} now")
        if wanted is not None:
            await self._seed(desk, wanted)
        await self._prepare_admin(desk)

    async def _seed(self, desk: AdminDesk, wanted: Seed) -> None:
        made = await seed.apply(desk, wanted)
        if made:
            self.findings.notes.append("seeded: " + ", ".join(f"{one.kind} {one.name}" for one in made))
        self.findings.clients.extend(
            {"name": one.name, "client_id": one.client_id, "client_secret": one.secret}
            for one in made
            if one.client_id is not None and one.secret is not None
        )

    async def _prepare_admin(self, desk: AdminDesk) -> None:
        chosen = self.settings.admin
        if chosen.email is not None and chosen.password is not None:
            user = await setup.ensure_admin(desk, email=chosen.email, password=chosen.password)
            self.findings.admin = None if user is None else user.username
        if self._wants_setup and not await setup.has_admin(desk):
            self.findings.setup = await setup.create_link(desk)
