"""``watchword init``: the files of an installation in production, from a handful of questions, and the next steps."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from watchword.cli.production.questions import add_questions, ask
from watchword.cli.terminal import print_json, styled

if TYPE_CHECKING:
    from watchword.cli.production.answers import Answers
    from watchword.cli.production.bundle import File, State
    from watchword.cli.production.steps import Step

NAME = "init"
HELP = "write what an installation in production needs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_questions(parser)
    parser.add_argument(
        "--directory", metavar="DIR", default="watchword-production", help="where to write (default: %(default)s)"
    )
    parser.add_argument("--yes", action="store_true", help="ask nothing: take the default of what no option says")
    parser.add_argument("--dry-run", action="store_true", help="show the files, write nothing")
    parser.add_argument("--overwrite", action="store_true", help="replace files that differ; secrets never are")
    parser.add_argument("--json", action="store_true", help="print JSON; asks nothing")


def run(args: argparse.Namespace) -> int:
    from watchword.cli.production import bundle, files, secret_files, steps  # noqa: PLC0415  the server's templates

    answers = ask(args, is_interactive=sys.stdin.isatty() and not args.yes and not args.json)
    directory = Path(args.directory).absolute()
    secrets = secret_files.gather(directory, files.secret_names(answers))
    made = files.files(answers, secrets)
    states = {file.path: bundle.state_of(file, directory) for file in made}
    if not args.dry_run:
        bundle.write(made, directory, overwrite=args.overwrite)
    following = steps.next_steps(answers)
    if args.json:
        print_json(
            {
                "directory": str(directory),
                "written": not args.dry_run,
                "files": [
                    {"path": file.path, "mode": f"{file.mode:04o}", "state": states[file.path]}
                    | ({"text": file.text} if args.dry_run and not file.is_secret else {})
                    for file in made
                ],
                "steps": [{"what": step.what, "commands": list(step.commands)} for step in following],
            }
        )
        return 0
    if args.dry_run:
        _show(made)
        return 0
    _tell(answers, directory, made, states, following)
    return 0


def _show(made: "list[File]") -> None:
    for file in made:
        print(styled(f"# {file.path} (mode {file.mode:04o})", "bold"))
        print("(a secret)\n" if file.is_secret else file.text)


def _tell(
    answers: "Answers", directory: Path, made: "list[File]", states: "dict[str, State]", following: "list[Step]"
) -> None:
    from watchword.cli.production.literals import shell_word  # noqa: PLC0415
    from watchword.cli.production.steps import as_root  # noqa: PLC0415

    print(f"{styled(str(directory), 'bold')}")
    for file in made:
        print(f"  {states[file.path]:7} {file.mode:04o}  {file.path}")
    print(f"\nNext{', as root' if as_root(answers) else ''}:\n\n   cd {shell_word(str(directory))}")
    for number, step in enumerate(following, start=1):
        print(f"\n{styled(f'{number:>2}', 'bold')} {step.what}")
        for command in step.commands:
            print(f"   {command}")
