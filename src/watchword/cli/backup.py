"""``watchword backup``: a consistent copy of the data file while the issuer runs."""

import argparse
from pathlib import Path

from watchword.cli.installation import NoInstallationError, add_configuration_arguments, load_configuration, sqlite_file
from watchword.cli.terminal import print_json, progress
from watchword.errors import WatchwordError

NAME = "backup"
HELP = "copy the SQLite data file while the issuer runs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="where the copy is to be; there must be no file of that name")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_configuration_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from watchword.store.backup import back_up  # noqa: PLC0415  loaded when it is needed

    source = sqlite_file(load_configuration(args).settings.database.url)
    if source is None:
        raise WatchwordError(
            "PostgreSQL makes its own backups: pg_dump --format=custom --file=FILE DATABASE, or pg_basebackup"
        )
    if not source.exists():
        raise NoInstallationError("there is no database yet: run `watchword up` or `watchword migrate`")
    with progress("Copying the data file"):
        size = back_up(source, args.file)
    if args.json:
        print_json({"file": str(args.file), "bytes": size})
    else:
        print(f"{args.file}: {size} bytes; the master key is not in it, keep that apart")
    return 0
