"""Who this API is at its issuer."""

from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import quote_plus


@dataclass(frozen=True, slots=True)
class ResourceCredentials:
    """The identifier and secret of this API at its issuer: for introspection, and for the revocations that are pushed.

    Sent only to the issuer's own origin, as HTTP Basic (RFC 6749 section 2.3.1). Its repr does not show the secret.

    Args:
        identifier: the API's name at the issuer.
        secret: what the issuer gave out with it.
    """

    identifier: str
    secret: str = field(repr=False)

    def basic(self) -> str:
        """The value of ``Authorization``; both parts are form-encoded first.

        https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
        """
        pair = f"{quote_plus(self.identifier)}:{quote_plus(self.secret)}"
        return "Basic " + b64encode(pair.encode("ascii")).decode("ascii")
