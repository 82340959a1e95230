"""A worker of `watchword serve`: sees whether all is well, serves the sockets it was given, tells its supervisor."""

import argparse
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from watchword.cli.installation import add_configuration_arguments
from watchword.cli.serve import examine, listen
from watchword.cli.telling import telling
from watchword.config import Loaded
from watchword.errors import WatchwordError

if TYPE_CHECKING:
    from watchword.server.workers.report import Sender


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM; returns the exit status."""
    from watchword.server.workers.report import Report, Sender  # noqa: PLC0415  loaded when it is needed

    args = _parse(arguments)
    told = Sender(args.report)
    found = examine(args)
    if not isinstance(found, Loaded):
        told.send(Report(problems=tuple(found)))
        return 1
    try:
        _serve(args, found, told)
    except WatchwordError as error:
        told.send(Report(problems=(error.sentence,)))
        return 1
    return 0


def _serve(args: argparse.Namespace, loaded: Loaded, told: "Sender") -> None:
    from watchword.server.run import serve  # noqa: PLC0415  loaded when it is needed
    from watchword.server.workers.report import Report  # noqa: PLC0415

    settings = loaded.settings

    sockets = [socket.socket(fileno=number) for number in args.sockets]
    for one in sockets:
        one.set_inheritable(False)
    report = Report(workers=settings.server.workers)
    with telling(settings, args.metrics_directory) as who:

        async def opening() -> Any:
            from watchword.wiring import create_application, open_issuer  # noqa: PLC0415

            opened = await open_issuer(settings, serving=True, events=who.events, spans=who.spans)
            return create_application(opened, loaded.explained)

        serve(
            opening,
            listen(settings),
            ready=lambda: told.send(report),
            sockets=sockets,
            management=who.management,
            log_level=settings.telemetry.log_level.upper(),
            on_log_drop=who.on_log_drop,
        )


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="watchword.cli.serve_worker")
    parser.add_argument("--sockets", type=_descriptors, required=True)
    parser.add_argument("--report", type=int, required=True)
    parser.add_argument("--metrics-directory", type=Path)
    add_configuration_arguments(parser)
    return parser.parse_args(arguments)


def _descriptors(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
