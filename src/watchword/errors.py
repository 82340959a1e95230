"""The root of every error that Watchword raises.

    WatchwordError
    ├── jose.errors.JOSEError          keys, headers, signatures, claim shapes
    ├── verify.errors.VerificationError  a token that must not be believed, and why
    ├── oauth.errors.OAuthError        what an OAuth endpoint answers (RFC 6749 codes)
    ├── store.errors.StoreError        records at rest
    ├── config.ConfigurationError      every problem of the configuration, at once
    └── admin.errors.AdminError        an operator's request that cannot be carried out

Three audiences, never mixed: the stable ``code`` is for programs, ``str(error)`` is one sentence for
people and holds no input, and the cause (``__cause__`` and ``detail``) is for the operator's log alone.
"""

from typing import ClassVar


class WatchwordError(Exception):
    """An error with a stable code, a sentence that may be shown, and a private detail that may not.

    Args:
        sentence: what went wrong, for a person; starts lower-case, has no full stop, repeats no secret.
        detail: for the operator's log only; never sent to a client.
    """

    code: ClassVar[str] = "error"

    def __init__(self, sentence: str, *, detail: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.detail = detail
