"""``python -m benchmarks NAME``: measurements that anybody can repeat."""

import argparse
import sys
from collections.abc import Callable, Sequence

from benchmarks import enumeration, pages, start, telemetry, verify

BENCHMARKS: dict[str, Callable[[argparse.Namespace], int]] = {
    "enumeration": enumeration.run,
    "pages": pages.run,
    "start": start.run,
    "telemetry": telemetry.run,
    "verify": verify.run,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one benchmark; the exit code tells whether it could be carried out, not whether it was fast."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    named = parser.add_subparsers(dest="name", required=True)
    for name in sorted(BENCHMARKS):
        one = named.add_parser(name)
        one.add_argument("--json", action="store_true", help="every figure of every run, as JSON")
        if name == "verify":
            verify.add_arguments(one)
        else:
            one.add_argument("--runs", type=int, default=5, help="how often to measure (default 5); medians are told")
    options = parser.parse_args(arguments)
    return BENCHMARKS[options.name](options)


if __name__ == "__main__":
    sys.exit(main())
