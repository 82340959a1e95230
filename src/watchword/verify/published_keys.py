"""The key set that an issuer publishes, read with suspicion (THREATS J88, R30). No I/O."""

from collections.abc import Mapping, Sequence
from typing import Any

from watchword.jose.errors import InvalidKeyError
from watchword.jose.jwk import Key
from watchword.jose.jwk_set import MAX_KEYS, KeySet

# With any of these in it a "public" key set is a leak or a trap; nothing else in it is to be believed.
_SECRET_MEMBERS = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"))


def read_published_keys(document: Mapping[str, Any], algorithms: Sequence[str]) -> KeySet:
    """The keys in ``document`` that may verify tokens.

    Keys that cannot be used are skipped, as other clients of the issuer may need them; a dangerous one fails the
    whole set.

    Args:
        document: the JWK set.
        algorithms: the allow-list; it also says what a key without ``alg`` is for.

    Raises:
        InvalidKeyError: not a key set, too many keys, none that can be used, a secret among them, or two of one name.
    """
    listed = document.get("keys")
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise InvalidKeyError(f"a key set is an object with a list `keys` of at most {MAX_KEYS}")
    keys = []
    for members in listed:
        if not isinstance(members, dict):
            continue
        if members.get("kty") == "oct" or _SECRET_MEMBERS & members.keys():
            raise InvalidKeyError("a published key set holds a secret")
        try:
            key = Key.from_dict(members, algorithms=algorithms)
        except InvalidKeyError:
            continue
        if key.alg in algorithms:
            keys.append(key)
    if not keys:
        raise InvalidKeyError("the published key set holds no key that can be used")
    return KeySet(keys)
