"""The credentials that an API has at its issuer."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ResourceCredentials:
    """Who this API is to the issuer, for introspection (RFC 7662 section 2.1) and pushed revocations.

    Args:
        identifier: the API's identifier at the issuer.
        secret: its secret; not shown in the repr.
    """

    identifier: str
    secret: str = field(repr=False)
