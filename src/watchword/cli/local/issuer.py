"""The issuer's process under `watchword up`: get everything ready, tell the supervisor, serve.

Preparing happens here and not in the supervisor, because this process needs the server's modules anyway.
"""

import argparse
import logging
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from watchword.admin import installation, quickstart, seed, seed_file, setup
from watchword.admin.desk import AdminDesk
from watchword.admin.quickstart import Quickstart
from watchword.admin.seed_file import Seed
from watchword.cli.local.names import load_or_choose
from watchword.cli.local.report import Report, send
from watchword.clock import SystemClock
from watchword.config import Settings, load
from watchword.errors import WatchwordError
from watchword.server.run import Listen, serve
from watchword.store.engine import open_store
from watchword.store.errors import StoreError
from watchword.store.sealing import MasterKey
from watchword.wiring import create_application, master_key, open_issuer

_log = logging.getLogger("watchword.local")


@dataclass
class _Findings:
    """What is to be told."""

    notes: list[str] = field(default_factory=list)
    setup: str | None = None
    admin: str | None = None
    clients: list[dict[str, str]] = field(default_factory=list)


class _Start:
    """One start, from an empty or a used data directory."""

    def __init__(self, config: Path, *, names: Path, seed_path: Path | None, wants_setup: bool) -> None:
        self._config = config
        self._names = names
        self._seed_path = seed_path
        self._wants_setup = wants_setup
        self.settings: Settings = load(config).settings
        self.findings = _Findings()

    async def application(self) -> Any:
        """The application, everything it needs being there."""
        wanted = None if self._seed_path is None else seed_file.read(self._seed_path, local=self.settings.is_local)
        await self._prepare_store()
        opened = await open_issuer(self.settings)
        try:
            await self._prepare_records(opened.desk, wanted)
        except BaseException:
            await opened.close()
            raise
        return create_application(opened)

    async def _prepare_store(self) -> None:
        url, clock = self.settings.database.url, SystemClock()
        store = open_store(url)
        try:
            found = await installation.look(store)
            if not found.is_current:
                self._migrate()
            key = self._key(is_new=found.issuer is None)
            issuer = self.settings.server.issuer
            await installation.ensure(store, issuer=issuer, master_key=key, now=clock.now())
            old = await installation.rename(store, issuer=issuer, now=clock.now())
            if old is not None:
                self.findings.notes.append(
                    f"the issuer was {old} and is {issuer} now: sign in again, tokens of the old one are refused"
                )
        finally:
            await store.close()

    def _migrate(self) -> None:
        """In a process of its own, because Alembic would stay in this one's memory."""
        command = [sys.executable, "-m", "watchword.cli", "migrate", "--schema-only", "--config", str(self._config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own command
        if done.returncode != 0:
            reason = done.stderr.strip().removeprefix("error: ") or "the migration ended without a word"
            raise StoreError(reason, detail=reason)

    def _key(self, *, is_new: bool) -> MasterKey:
        path = Path(self.settings.keys.master_key_file or "")
        if is_new and self.settings.keys.master_key is None and not path.exists():
            return MasterKey.generate_file(path)
        return master_key(self.settings)

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


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="watchword.cli.local.issuer")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--names", type=Path, required=True)
    parser.add_argument("--seed", type=Path)
    parser.add_argument("--no-setup", action="store_true")
    parser.add_argument("--report", type=int, required=True)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Prepare, report, serve; returns the exit status."""
    args = _parse(arguments)
    reported = _once(lambda report: send(args.report, report))
    try:
        start = _Start(args.config, names=args.names, seed_path=args.seed, wants_setup=not args.no_setup)
        server, found = start.settings.server, start.findings
        serve(
            start.application,
            Listen(server.listen, server.port, trusted_proxies=server.trusted_proxies),
            ready=lambda: reported(
                Report(notes=tuple(found.notes), setup=found.setup, admin=found.admin, clients=tuple(found.clients))
            ),
        )
    except WatchwordError as error:
        _log.error("cannot start", extra={"code": error.code})
        reported(Report(problems=tuple(getattr(error, "problems", (error.sentence,)))))
        return 1
    return 0


def _once(tell: Callable[[Report], None]) -> Callable[[Report], None]:
    told: list[Report] = []

    def tell_first(report: Report) -> None:
        if not told:
            told.append(report)
            tell(report)

    return tell_first


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
