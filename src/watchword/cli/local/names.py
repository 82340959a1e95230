"""Ids and secrets of the things `up` has ready, kept in a file of mode 0600: the database holds only digests."""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from watchword.cli.local.errors import LocalError
from watchword.oauth.bearer import new_bearer
from watchword.store.identifiers import new_id
from watchword.store.whole_file import replace_whole


@dataclass(frozen=True, slots=True)
class LocalNames:
    """Chosen once for each data directory. The members are those of `watchword.admin.quickstart.Quickstart`."""

    api_id: str
    demo_id: str
    demo_secret: str = field(repr=False)
    machine_id: str
    machine_secret: str = field(repr=False)
    command_line_id: str


def load_or_choose(path: Path) -> LocalNames:
    """The names kept at ``path``; chosen and written when there are none.

    Raises:
        LocalError: the file is damaged.
    """
    if not path.exists():
        names = LocalNames(
            api_id=new_id(),
            demo_id=new_id(),
            demo_secret=new_bearer("ww_secret"),
            machine_id=new_id(),
            machine_secret=new_bearer("ww_secret"),
            command_line_id=new_id(),
        )
        replace_whole(path, (json.dumps(asdict(names), indent=2) + "\n").encode())
        return names
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LocalError(f"{path} cannot be read: remove it, and new demo clients are made") from error
    expected = {one.name for one in fields(LocalNames)}
    if (
        not isinstance(record, dict)
        or record.keys() != expected
        or not all(isinstance(v, str) for v in record.values())
    ):
        raise LocalError(f"{path} is damaged: remove it, and new demo clients are made")
    return LocalNames(**record)
