"""How fast tokens are verified and signed, beside every peer there is here, and what that costs in memory.

One run, short interleaved rounds, one core; ``docs/measurements.md`` says what each figure means.
"""

import argparse
import warnings

from benchmarks.verify import report
from benchmarks.verify.scale import Scale
from benchmarks.verify.sections import SECTIONS

ROUNDS = 31


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``python -m benchmarks verify`` may be told."""
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help=f"rounds per table, medians of which are told ({ROUNDS})"
    )
    parser.add_argument(
        "--round-milliseconds", type=float, default=10.0, help="how long each contender runs in each round (default 10)"
    )
    parser.add_argument(
        "--only",
        type=_names,
        default=tuple(SECTIONS),
        metavar="NAME,…",
        help="some of: " + ",".join(SECTIONS),
    )
    parser.add_argument("--full", action="store_true", help="memory over ten million verifications, not 200,000")


def run(options: argparse.Namespace) -> int:
    """Measure what was asked for and print it."""
    scale = Scale(rounds=options.rounds, round_seconds=options.round_milliseconds / 1000, full=options.full)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peers say here that they, or the name `EdDSA`, are to be replaced
        told = report.collect([SECTIONS[name] for name in options.only], scale)
    print(report.as_json(told) if options.json else report.as_text(told))
    return 0


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    for name in names:
        if name not in SECTIONS:
            raise argparse.ArgumentTypeError("some of: " + ",".join(SECTIONS))
    return names
