"""Client secrets: generated ones are 256 random bits and kept as SHA-256, imported ones as argon2id."""

import hmac

from watchword.authn.errors import OverloadedError
from watchword.authn.factors.password import PasswordHasher
from watchword.oauth.bearer import digest
from watchword.oauth.errors import TemporarilyUnavailableError

_ARGON2 = "$argon2"
# Stands in for the secret of a client that does not exist, so that both answers take the same time.
_NOBODY = digest("")


async def secret_matches(stored: str | None, presented: str, passwords: PasswordHasher) -> bool:
    """Whether ``presented`` is the secret of which ``stored`` is the hash; in constant time for generated ones.

    Args:
        stored: the client's ``secret_hash``; None when there is no such client or it has no secret.
        presented: the text to check, which nothing is known about.
        passwords: the bounded pool that checks argon2id.

    Raises:
        TemporarilyUnavailableError: the pool is full.
    """
    if stored is not None and stored.startswith(_ARGON2):
        try:
            return await passwords.verify(stored, presented)
        except OverloadedError as error:
            raise TemporarilyUnavailableError(retry_after=error.retry_after) from error
    matches = hmac.compare_digest(stored or _NOBODY, digest(presented))
    return matches and stored is not None
