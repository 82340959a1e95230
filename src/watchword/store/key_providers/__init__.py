"""Key management services that may wrap the master key: one file each, one line here.

The service makes a data key, which is the master key, and gives it out twice: in plain for this process's memory, and
wrapped under a key that never leaves the service. Only the wrapped one is stored. The service is asked once at a start,
and never for a signature.
"""

from collections.abc import Mapping

from watchword.store.key_providers.provider import KeyProvider, KeyProviderKind

# Name in keys.kms, and the module whose ``open_provider`` is loaded when that name is set: each needs an extra.
KEY_PROVIDERS: Mapping[str, str] = {"aws": "watchword.store.key_providers.aws"}

__all__ = ["KEY_PROVIDERS", "KeyProvider", "KeyProviderKind"]
