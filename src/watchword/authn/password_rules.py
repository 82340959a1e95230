"""Rules for new passwords: length, and not among those that everybody tries first. No composition rules.

ASVS 5.0 6.2.1 to 6.2.12 and https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver
"""

import importlib.resources
from collections.abc import Iterable
from functools import cache

from watchword.authn.errors import WeakPasswordError
from watchword.authn.factors.password import MAX_BYTES

MIN_CHARACTERS = 8
# A word of the context counts from here on: shorter ones are in half of all passwords by chance.
_MIN_CONTEXT_WORD = 4
_PRODUCT_WORDS = ("watchword",)


def check_new_password(password: str, *, context: Iterable[str] = ()) -> None:
    """Refuse a password that anyone would guess.

    Args:
        password: as typed; not changed in any way.
        context: what is known about the user and the installation: user name, e-mail, name.

    Raises:
        WeakPasswordError: says which rule it breaks.
    """
    if len(password) < MIN_CHARACTERS:
        raise WeakPasswordError(f"the password must have at least {MIN_CHARACTERS} characters")
    if len(password.encode()) > MAX_BYTES:
        raise WeakPasswordError(f"the password must not be longer than {MAX_BYTES} bytes")
    folded = password.casefold()
    if folded in _commonest():
        raise WeakPasswordError("the password is one of the commonest; choose another")
    if len(set(folded)) < 3:
        raise WeakPasswordError("the password repeats one or two characters; choose another")
    if any(_is_little_more_than(word, folded) for word in _words(context)):
        raise WeakPasswordError("the password is little more than a name that others know; choose another")


def _words(context: Iterable[str]) -> set[str]:
    words = set(_PRODUCT_WORDS)
    for text in context:
        folded = text.casefold()
        words.add(folded)
        words.update(folded.replace("@", " ").replace(".", " ").split())
    return {word for word in words if len(word) >= _MIN_CONTEXT_WORD}


def _is_little_more_than(word: str, password: str) -> bool:
    rest = password.replace(word, "")
    return word in password and len(rest) < _MIN_CONTEXT_WORD


@cache
def _commonest() -> frozenset[str]:
    listed = importlib.resources.files("watchword.authn.factors").joinpath("common_passwords.txt")
    lines = listed.read_text("utf-8").splitlines()
    return frozenset(line.casefold() for line in lines if line and not line.startswith("# "))
