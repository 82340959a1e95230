"""A project as one file to download: the same bytes for the same project."""

import io
import zipfile

from watchword.console.projects.project import Facts, ProjectKind

SECRETS = ".secrets/"

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest moment that a zip archive can tell
_REGULAR_FILE = 0o100000
_UNIX = 3


def archive(kind: ProjectKind, facts: Facts, *, folder: str) -> bytes:
    """The project as a zip archive.

    Args:
        kind: of project.
        facts: see `Facts`.
        folder: the one in which everything is; a plain name.

    Raises:
        ValueError: ``folder`` is a path.
    """
    if not folder or folder in {".", ".."} or not folder.isprintable() or set(folder) & set("/\\:"):
        raise ValueError("the folder of an archive is a plain name")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for path, text in sorted(kind.files(facts).items()):
            entry = zipfile.ZipInfo(f"{folder}/{path}", _EPOCH)
            entry.create_system = _UNIX
            entry.compress_type = zipfile.ZIP_DEFLATED
            # What unpacks it may give a secret to its owner alone; the README says how to see to it.
            entry.external_attr = (_REGULAR_FILE | (0o600 if path.startswith(SECRETS) else 0o644)) << 16
            file.writestr(entry, text.encode())
    return buffer.getvalue()
