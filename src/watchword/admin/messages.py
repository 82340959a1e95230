"""What is written to users, in full."""

from watchword.admin.desk import AdminDesk
from watchword.admin.mail import Message
from watchword.issuer.endpoints.paths import LOGIN
from watchword.store.repositories.users import User


def invitation(desk: AdminDesk, user: User) -> Message:
    """They have an account now; the password reaches them in another way."""
    body = (
        f"Hello {user.label},\n\n"
        f"you have an account at {desk.settings.host} now. Your user name is {user.username}.\n"
        "Whoever made the account tells you the password in another way: we never write passwords.\n\n"
        f"Sign in here: {desk.settings.url(LOGIN)}\n"
    )
    return Message(user.id, user.email, "invitation", f"Your account at {desk.settings.host}", body)


def password_changed(desk: AdminDesk, user: User) -> Message:
    """Somebody else has set their password."""
    body = (
        f"Hello {user.label},\n\n"
        f"an admin of {desk.settings.host} has given your account another password. You are signed out everywhere.\n"
        "If you did not ask for that, ask your admin, and not by answering this mail.\n"
    )
    return Message(user.id, user.email, "password_changed", f"Your password at {desk.settings.host}", body)


def disabled(desk: AdminDesk, user: User) -> Message:
    """Their account is closed."""
    body = (
        f"Hello {user.label},\n\n"
        f"an admin of {desk.settings.host} has disabled your account: you are signed out and cannot sign in.\n"
        "If you did not expect that, ask your admin.\n"
    )
    return Message(user.id, user.email, "account_disabled", f"Your account at {desk.settings.host}", body)
