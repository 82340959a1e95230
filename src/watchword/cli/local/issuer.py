"""The issuer's process under `watchword up`: get everything ready, tell the supervisor, serve.

Preparing happens here and not in the supervisor, because this process needs the server's modules anyway.
"""

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from watchword.cli.local.migration import Migration
from watchword.cli.local.report import Report, send
from watchword.config import Loaded, load
from watchword.errors import WatchwordError


def main(arguments: list[str]) -> int:
    """Prepare, report, serve; returns the exit status."""
    args = _parse(arguments)
    reported = _once(lambda report: send(args.report, report))
    migration = Migration(args.config)
    signal.signal(signal.SIGTERM, _end)
    try:
        loaded = load(args.config)
        settings = loaded.settings
        if not Path(settings.database.url.removeprefix("sqlite:///")).exists():
            migration.begin()  # beside the imports below, which take as long
        _serve(args, loaded, migration, reported)
    except WatchwordError as error:
        reported(Report(problems=tuple(getattr(error, "problems", (error.sentence,)))))
        return 1
    finally:
        migration.stop()
    return 0


def _end(number: int, frame: FrameType | None) -> None:
    """Unwind, so that no migration goes on when this process is told to end before it serves."""
    del frame
    sys.exit(128 + number)


def _serve(args: argparse.Namespace, loaded: Loaded, migration: Migration, reported: Callable[[Report], None]) -> None:
    from watchword.cli.local.preparation import Preparation  # noqa: PLC0415  loaded while the database is migrated
    from watchword.server.run import Listen, serve  # noqa: PLC0415

    settings = loaded.settings
    start = Preparation(
        loaded, migration=migration, names=args.names, seed_path=args.seed, wants_setup=not args.no_setup
    )

    def tell() -> None:
        found = start.findings
        reported(Report(notes=tuple(found.notes), setup=found.setup, admin=found.admin, clients=tuple(found.clients)))

    serve(start.application, Listen(settings.server.listen, settings.server.port, loopback=True), ready=tell)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="watchword.cli.local.issuer")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--names", type=Path, required=True)
    parser.add_argument("--seed", type=Path)
    parser.add_argument("--no-setup", action="store_true")
    parser.add_argument("--report", type=int, required=True)
    return parser.parse_args(arguments)


def _once(tell: Callable[[Report], None]) -> Callable[[Report], None]:
    told: list[Report] = []

    def tell_first(report: Report) -> None:
        if not told:
            told.append(report)
            tell(report)

    return tell_first


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
