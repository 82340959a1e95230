"""What the console's navigation leads to, in its order."""

from collections.abc import Sequence
from dataclasses import dataclass

from watchword.console import paths
from watchword.issuer.settings import IssuerSettings


@dataclass(frozen=True, slots=True)
class Section:
    """One entry.

    Args:
        label: what it is called.
        path: where it leads; pages below that path belong to it.
        local: whether only `watchword up` has it.
    """

    label: str
    path: str
    local: bool = False


SECTIONS: tuple[Section, ...] = (
    Section("Overview", paths.CONSOLE),
    Section("Playground", paths.PLAYGROUND, local=True),
    Section("Inspector", paths.INSPECT),
    Section("APIs", paths.APIS),
    Section("Clients", paths.CLIENTS),
    Section("Users", paths.USERS),
    Section("Keys", paths.KEYS),
    Section("Audit", paths.AUDIT),
    Section("Mail", paths.MAIL, local=True),
    Section("Settings", paths.SETTINGS),
)


def sections(settings: IssuerSettings) -> Sequence[Section]:
    """The entries that this installation has: the playground needs the demo API beside the issuer."""
    is_local = settings.local and settings.demo_url is not None
    return [section for section in SECTIONS if is_local or not section.local]


def section_of(path: str) -> str:
    """The path of the entry that the page at ``path`` belongs to."""
    within = [one.path for one in SECTIONS if path == one.path or path.startswith(f"{one.path}/")]
    return max(within, key=len, default="")
