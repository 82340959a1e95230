"""``python -m benchmarks NAME``: measurements that anybody can repeat."""

import argparse
import sys
from collections.abc import Callable, Sequence

from benchmarks import enumeration, issue, pages, revoke, rotate, scale, start, telemetry, verify

BENCHMARKS: dict[str, Callable[[argparse.Namespace], int]] = {
    "enumeration": enumeration.run,
    "issue": issue.run,
    "pages": pages.run,
    "revoke": revoke.run,
    "rotate": rotate.run,
    "scale": scale.run,
    "start": start.run,
    "telemetry": telemetry.run,
    "verify": verify.run,
}
# Those that may be told more than how often.
WITH_ARGUMENTS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "issue": issue.add_arguments,
    "revoke": revoke.add_arguments,
    "rotate": rotate.add_arguments,
    "scale": scale.add_arguments,
    "verify": verify.add_arguments,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one benchmark; the exit code tells whether it could be carried out, not whether it was fast."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    named = parser.add_subparsers(dest="name", required=True)
    for name in sorted(BENCHMARKS):
        one = named.add_parser(name)
        one.add_argument("--json", action="store_true", help="every figure of every run, as JSON")
        if name in WITH_ARGUMENTS:
            WITH_ARGUMENTS[name](one)
        else:
            one.add_argument("--runs", type=int, default=5, help="how often to measure (default 5); medians are told")
    options = parser.parse_args(arguments)
    return BENCHMARKS[options.name](options)


if __name__ == "__main__":
    sys.exit(main())
