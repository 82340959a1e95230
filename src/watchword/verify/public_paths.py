"""Paths that need no token. Whatever could be read as another path than it seems is not among them."""

from collections.abc import Iterable


class PublicPaths:
    """A set of paths.

    Args:
        paths: ``/healthz`` is that path alone; ``/static/*`` is whatever lies below ``/static/``.

    Raises:
        TypeError: one string was given instead of several.
        ValueError: one of them is no such path.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        if isinstance(paths, str):
            raise TypeError("public is a sequence of paths, not one string")
        listed = tuple(paths)
        if not all(path.startswith("/") and "*" not in path.removesuffix("/*") for path in listed):
            raise ValueError("a public path begins with a slash, and has a star at most as its last segment")
        self._exact = frozenset(path for path in listed if not path.endswith("/*"))
        self._below = tuple(path[:-1] for path in listed if path.endswith("/*"))

    def __contains__(self, path: str) -> bool:
        if path in self._exact:
            return True
        return path.startswith(self._below) and _is_plain(path) if self._below else False

    def __bool__(self) -> bool:
        return bool(self._exact or self._below)


def _is_plain(path: str) -> bool:
    """Whether nothing in ``path`` climbs, or is read by some routers and not by others."""
    return (
        not ({"", ".", ".."} & set(path[1:].split("/")[:-1]))
        and not path.endswith(("/..", "/."))
        and not ({"\\", "%", ";", "\0"} & set(path))
    )
