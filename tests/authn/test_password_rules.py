"""Rules for new passwords (ASVS 6.2)."""

import pytest

from watchword.authn.errors import WeakPasswordError
from watchword.authn.password_rules import check_new_password

CONTEXT = ("alice", "alice.liddell@wonderland.example", "Alice Liddell", "Wonder Corp")


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "1234567",
        "password",
        "PassWord",
        "trustno1",
        "qwertyuiop",
        "11111111111111",
        "abababababab",
        "alice.liddell@wonderland.example",
        "wonderland1",
        "Liddell!!",
        "watchword",
        "Watchword1",
        "ä" * 600,
        "x" * 1025,
    ],
)
def test_what_anyone_would_guess_is_refused(password: str) -> None:
    with pytest.raises(WeakPasswordError) as refusal:
        check_new_password(password, context=CONTEXT)
    assert refusal.value.sentence.startswith("the password")


@pytest.mark.parametrize(
    "password",
    [
        "tr0mb0ne",
        "correct horse battery staple",
        "        lanterns",
        "пароль-на-мосту",
        "alice met a rabbit with a watch",
        "!" * 4 + "abc?",
        "z" * 512 + "y" * 256 + "x" * 256,
    ],
)
def test_everything_else_is_a_good_password(password: str) -> None:
    """No composition rules; spaces, any language, up to 1024 bytes."""
    check_new_password(password, context=CONTEXT)


def test_the_list_of_commonest_passwords_is_there() -> None:
    """ASVS 6.2.4: at least the 3000 commonest that satisfy the length rule."""
    from watchword.authn.password_rules import _commonest

    assert len(_commonest()) > 2950, "3000 lines, a few of which differ in case alone"
    assert all(len(password) >= 8 for password in _commonest())
