"""Who this API is at its issuer."""

from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from watchword.verify.errors import VerifierSettingsError


@dataclass(frozen=True, slots=True)
class ResourceCredentials:
    """The identifier and secret of this API at its issuer: for introspection, and for the revocations that are pushed.

    Sent only to the issuer's own origin, as HTTP Basic (RFC 6749 section 2.3.1). Its repr does not show the secret.

    Args:
        identifier: the API's name at the issuer.
        secret: what the issuer gave out with it.

    Raises:
        VerifierSettingsError: one of them cannot be sent.
    """

    identifier: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        try:
            self.basic()
        except UnicodeEncodeError:  # here, where the codec's error, which holds the secret, goes no further
            raise VerifierSettingsError("the credentials hold text that is not Unicode") from None

    def basic(self) -> str:
        """The value of ``Authorization``; both parts are form-encoded first.

        https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
        """
        pair = f"{quote_plus(self.identifier)}:{quote_plus(self.secret)}"
        return "Basic " + b64encode(pair.encode("ascii")).decode("ascii")
