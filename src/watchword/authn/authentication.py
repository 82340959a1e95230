"""The exit of step 1."""

from dataclasses import dataclass

# What the factor password alone is worth; the acr registry in the store holds the same value.
PASSWORD_ACR = "urn:watchword:acr:password"  # noqa: S105  the name of a context, not a secret


@dataclass(frozen=True, slots=True)
class Authentication:
    """Somebody has proved who they are.

    Args:
        user_id: who.
        acr: what the proof is worth, computed from the factors that were completed (O58).
        amr: the factors by their names in RFC 8176 (https://www.rfc-editor.org/rfc/rfc8176#section-2).
        auth_time: when, UTC epoch seconds.
        password_changed_at: since when the password that was proved has been theirs; another one undoes the proof.
    """

    user_id: str
    acr: str
    amr: tuple[str, ...]
    auth_time: float
    password_changed_at: float | None = None
