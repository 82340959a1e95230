"""What a failed command tells: what is wrong, and what to do next. Never a traceback for what people can mend."""

from watchword.config import ConfigurationError
from watchword.errors import WatchwordError

INSTALL = 'pip install "watchword[server]"'
RESTORED = "the database is an older copy of itself: what was withdrawn since that copy was made is good in it again"
ACKNOWLEDGE = (
    "if it was restored from a backup, run `watchword restore acknowledge`, which ends every session, grant, token and "
    "key, and serve again; otherwise put the right database in its place"
)
_SERVER_PACKAGES = frozenset(
    {"alembic", "argon2", "jinja2", "python_multipart", "sqlalchemy", "starlette", "uvicorn", "httptools", "uvloop"}
)

# What helps, by the stable code of the error.
_NEXT = {
    "schema_behind": "run `watchword migrate`",
    "schema_ahead": "install the version that migrated the database, or restore the backup made before the upgrade",
    "store_unavailable": "look whether the database runs and whether database.url names it",
    "master_key": "put the right key in its place, from your backup; what was sealed under it opens with no other",
    "restored": ACKNOWLEDGE,
    "witness": "put the right file in its place, or, after a restore, run `watchword restore acknowledge`",
    "listen": "choose another port, or stop what uses this one",
    "key_step_refused": "look at `watchword keys list`: a successor must have been published for some minutes",
}


# What was asked for can never be done, as with a misspelt option.
_ASKED_WRONGLY = frozenset({"invalid_request", "password_input", "usage", "weak_password"})


def exit_status(error: BaseException) -> int:
    """The exit status of a command that failed so: 2 when it was asked for wrongly, else 1."""
    return 2 if isinstance(error, WatchwordError) and error.code in _ASKED_WRONGLY else 1


def explain(error: BaseException) -> list[str] | None:
    """Lines for the terminal, or None for an error that is our own fault and needs its traceback."""
    if isinstance(error, ModuleNotFoundError):
        return needs_server() if (error.name or "").partition(".")[0] in _SERVER_PACKAGES else _needs(error)
    if isinstance(error, ConfigurationError):
        return several("the configuration cannot be used", error.problems)
    if isinstance(error, WatchwordError):
        problems = getattr(error, "problems", None)
        if problems and len(problems) > 1:
            return several("this cannot be done", problems)
        lines = [f"error: {error.sentence}", *(f"  | {line}" for line in getattr(error, "lines", ()))]
        if (help_line := _NEXT.get(error.code)) is not None:
            lines.append(f"       {help_line}")
        return lines
    if isinstance(error, OSError) and error.strerror:  # a full disk, a directory that cannot be written, a lost network
        where = "" if error.filename is None else f"{error.filename}: "
        return [f"error: {where}{error.strerror}"]
    return None


def told(error: WatchwordError) -> str:
    """One problem of several, with what helps."""
    help_line = _NEXT.get(error.code)
    return error.sentence if help_line is None else f"{error.sentence}: {help_line}"


def several(heading: str, problems: tuple[str, ...] | list[str]) -> list[str]:
    """A heading and every problem below it."""
    return [f"error: {heading}", *(f"  - {problem}" for problem in problems)]


def needs_server() -> list[str]:
    """What to say when only the SDK is installed."""
    return ["error: this command needs the server, and only the SDK is installed", f"       {INSTALL}"]


def _needs(error: ModuleNotFoundError) -> list[str] | None:
    if error.name == "asyncpg":
        return ["error: PostgreSQL needs one more package", '       pip install "watchword[server,postgres]"']
    if error.name == "botocore":
        return ["error: AWS KMS needs one more package", '       pip install "watchword[server,aws]"']
    return None
