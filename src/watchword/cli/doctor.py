"""``watchword doctor``: what is wrong, seen from inside the installation and from where a service stands.

With the SDK alone it looks at an issuer from outside: ``watchword doctor --issuer URL``.
"""

import argparse
import asyncio
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from watchword.cli.installation import add_configuration_arguments, load_configuration, sqlite_file
from watchword.cli.issuer_checks import Seen, look_from_outside
from watchword.cli.running_checks import look_at_running
from watchword.cli.terminal import harmless, print_json, progress, styled
from watchword.clock import SystemClock
from watchword.config import ConfigurationError, Settings, find_configuration

if TYPE_CHECKING:
    from watchword.admin.health import Finding
    from watchword.store.engine import Store
    from watchword.store.sealing import MasterKey

NAME = "doctor"
HELP = "look for what is wrong, and say what to do"
_MARKS = {"ok": ("ok", "green"), "warning": ("!", "yellow"), "problem": ("x", "red")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--issuer", metavar="URL", help="look at this issuer from outside, and at nothing else")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_configuration_arguments(parser)


def run(args: argparse.Namespace) -> int:
    with progress("Looking"):
        findings = _look(args)
    if args.json:
        print_json([one.as_dict() for one in findings])
    else:
        _print(findings)
    return 1 if any(one.verdict == "problem" for one in findings) else 0


def _print(findings: list[Seen]) -> None:
    size = max(len(one.what) for one in findings)
    for one in findings:
        mark, colour = _MARKS[one.verdict]
        print(f"{styled(f'{mark:>2}', colour)}  {harmless(one.what):{size}}  {harmless(one.found)}")
        if one.next_step is not None and one.verdict != "ok":
            print(f"{'':{size + 6}}{styled(harmless(one.next_step), 'bold')}")


def _look(args: argparse.Namespace) -> list[Seen]:
    if args.issuer is not None:
        return look_from_outside(args.issuer)
    has_server = all(importlib.util.find_spec(name) is not None for name in ("sqlalchemy", "starlette", "uvicorn"))
    version = ".".join(map(str, sys.version_info[:3]))
    seen = [Seen("python", "ok", version), Seen("installed", "ok", "SDK and server" if has_server else "SDK only")]
    if find_configuration(args.config, args.data_dir) is None:
        step = "watchword up, or watchword doctor --issuer URL"
        return [*seen, Seen("installation", "warning", "there is none here", step)]
    try:
        settings = load_configuration(args).settings
    except ConfigurationError as error:
        return [*seen, *(Seen("configuration", "problem", problem) for problem in error.problems)]
    seen.append(Seen("configuration", "ok", "can be read"))
    if has_server:
        seen.extend(_from_inside(settings))
        seen.extend(look_at_running(settings))
    return [*seen, *look_from_outside(settings.server.issuer)]


def _from_inside(settings: Settings) -> list[Seen]:
    from watchword.admin.health import look_at_files  # noqa: PLC0415  the server is loaded when it is there

    findings: list[Finding] = []
    data_file = sqlite_file(settings.database.url)
    key_files = [settings.keys.master_key_file, settings.keys.previous_master_key_file]
    files = [] if data_file is None else [data_file.parent, data_file]
    findings.extend(look_at_files([*files, *(Path(file) for file in key_files if file is not None)]))
    if data_file is None or data_file.exists():
        findings.extend(asyncio.run(_inside(settings, findings)))
    return [Seen(one.what, one.verdict, one.found, one.next_step) for one in findings]


async def _inside(settings: Settings, findings: "list[Finding]") -> "list[Finding]":
    from watchword.admin.health import look_at_installation, look_at_witness  # noqa: PLC0415  the server is loaded when it is there
    from watchword.store.engine import open_store  # noqa: PLC0415

    store = open_store(settings.database.url)
    try:
        key = await _master_key(settings, store, findings)
        found = await look_at_installation(store, master_key=key, issuer=settings.server.issuer, clock=SystemClock())
        if key is not None:
            found.append(await look_at_witness(store, master_key=key, path=settings.witness_file))
        return found
    finally:
        await store.close()


async def _master_key(settings: Settings, store: "Store", findings: "list[Finding]") -> "MasterKey | None":
    from watchword.admin.health import Finding  # noqa: PLC0415  the server is loaded when it is there
    from watchword.admin.installation import look  # noqa: PLC0415
    from watchword.store.errors import MasterKeyError, StoreError  # noqa: PLC0415
    from watchword.wiring import find_master_key, master_key_files  # noqa: PLC0415

    try:
        master_key_files(settings)
        if settings.keys.kms is not None and not (await look(store)).is_current:
            return None  # where the wrapped key is kept is not there yet, and that is told
        return await find_master_key(settings, store)
    except MasterKeyError as error:
        findings.append(Finding("master key", "problem", error.sentence))
    except StoreError:
        pass  # told by whoever looks at the installation
    return None
