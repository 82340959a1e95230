"""The command behind ``scripts/faults storm``."""

import argparse
import asyncio
import secrets
import sys
from typing import get_args

from benchmarks.trust.installation import DatabaseKind
from tests.faults.storm.run import Report, storm


def main() -> int:
    """Run storms; 1 when one of them found something."""
    parser = argparse.ArgumentParser(
        prog="scripts/faults storm", description="Break things under load and look what holds."
    )
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--seed", type=int, help="of the first run; each further run takes the next")
    parser.add_argument("--runs", type=int, default=1, help="for each database")
    parser.add_argument("--seconds", type=float, default=60, help="of faults in each run")
    parser.add_argument("--processes", type=int, default=2, help="of the issuer")
    arguments = parser.parse_args()
    first = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    kinds = get_args(DatabaseKind)
    databases: list[DatabaseKind] = [kind for kind in kinds if arguments.database in {kind, "both"}]
    found = 0
    for seed in range(first, first + arguments.runs):
        for database in databases:
            print(f"\n== {database}, seed {seed}: {arguments.seconds:g} s of faults", flush=True)
            report = asyncio.run(storm(database, seed=seed, seconds=arguments.seconds, processes=arguments.processes))
            tell(report)
            found += len(report.findings)
    return 1 if found else 0


def tell(report: Report) -> None:
    """Print what happened, what it came to, and what is wrong with it."""
    for title, counts in (
        ("struck", report.struck),
        ("acknowledged", report.acknowledged),
        ("answers", report.answers),
    ):
        print(f"{title}:")
        for name, count in sorted(counts.items()):
            print(f"  {count:7d}  {name}")
    print(f"every process was ready again {report.healed_after:.1f} s after the last fault")
    for finding in report.findings:
        print(f"FOUND  {finding}")
    if report.findings:
        command = f"scripts/faults storm --database {report.database} --seed {report.seed} --seconds {report.seconds:g}"
        print(f"the same faults again: {command}")
    else:
        print("nothing is wrong")


if __name__ == "__main__":
    sys.exit(main())
