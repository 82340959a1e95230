"""Projects to begin with: each runs with one command against this very issuer.

Nothing here reads or writes a record: `ProjectKind.wanted` says what must be made at the issuer, and
`ProjectKind.files` is the project for what was made. A kind is one file here, one folder below ``templates``, and one
line in `PROJECTS`.
"""

from watchword.console.projects.agent import Agent
from watchword.console.projects.archive import archive
from watchword.console.projects.command_line import CommandLine
from watchword.console.projects.project import Facts, ProjectKind, Wanted
from watchword.console.projects.service_to_service import ServiceToService
from watchword.console.projects.single_page_app import SinglePageApp
from watchword.console.projects.web_app import WebApp

__all__ = ["PROJECTS", "Facts", "ProjectKind", "Wanted", "archive", "command"]

PROJECTS: tuple[ProjectKind, ...] = (WebApp(), SinglePageApp(), ServiceToService(), CommandLine(), Agent())


def command(kind: ProjectKind) -> str:
    """What a person types in the project's folder to run it."""
    del kind  # one command is the same for all
    return "python run.py"
