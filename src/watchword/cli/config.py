"""``watchword config``: what the settings are, where each comes from, and whether they can be used."""

import argparse

from watchword.cli.failures import several
from watchword.cli.installation import add_configuration_arguments, load_configuration
from watchword.cli.terminal import print_json, print_table, styled
from watchword.config import ConfigurationError, production_problems

NAME = "config"
HELP = "check and explain the configuration"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="action", required=True)
    check = actions.add_parser(
        "check", help="tell every problem", description="Tell every problem that `watchword serve` would refuse."
    )
    check.set_defaults(action=_check)
    explain = actions.add_parser(
        "explain", help="show every setting", description="Show every setting, its value and where that comes from."
    )
    explain.set_defaults(action=_explain)
    for subparser in (check, explain):
        subparser.add_argument("--json", action="store_true", help="print JSON")
        add_configuration_arguments(subparser)


def run(args: argparse.Namespace) -> int:
    done: int = args.action(args)
    return done


def _check(args: argparse.Namespace) -> int:
    try:
        settings = load_configuration(args).settings
        problems = [] if settings.is_local else production_problems(settings)
    except ConfigurationError as error:
        problems = list(error.problems)
    if args.json:
        print_json({"ok": not problems, "problems": problems})
    elif problems:
        print("\n".join(several("the configuration cannot be used", problems)))
    elif settings.is_local:
        print(f"{styled('ok', 'green')}  for your own machine; `watchword serve` needs an https issuer")
    else:
        print(f"{styled('ok', 'green')}  `watchword serve` can use this configuration")
    return 1 if problems else 0


def _explain(args: argparse.Namespace) -> int:
    explained = load_configuration(args).explained
    if args.json:
        print_json(
            [
                {
                    "key": one.option.key,
                    "variable": one.option.variable,
                    "value": one.shown,
                    "source": one.source,
                    "help": one.option.help,
                }
                for one in explained
            ]
        )
        return 0
    rows = [(one.option.key, one.shown, one.source, one.option.help) for one in explained]
    print_table(("SETTING", "VALUE", "FROM", "WHAT IT IS"), rows, empty="no settings")
    return 0
