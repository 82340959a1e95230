"""What can be wrong with a key, a signature or a token's form.

    JOSEError
    ├── InvalidKeyError            key_invalid            a key that must not be used
    │   └── UnsupportedKeyError    key_unsupported        a kind, curve or use that is not ours; sets skip it
    ├── MalformedTokenError        token_malformed        not a compact JWS, or not the JSON it must hold
    │   └── UnsupportedHeaderError header_unsupported     ``crit``, ``b64`` or ``zip``
    ├── AlgorithmNotAllowedError   algorithm_not_allowed  header, key and allow-list do not agree
    ├── UnknownKeyError            key_unknown            no key of the set carries this ``kid``
    ├── SignatureInvalidError      signature_invalid      the signature does not fit
    ├── TypeMismatchError          type_mismatch          ``typ`` is another kind of token
    └── ClaimError                 claim_invalid          a claim is absent, of the wrong type or of the wrong value
        ├── TokenExpiredError      token_expired
        ├── TokenNotYetValidError  token_not_yet_valid
        ├── IssuerMismatchError    issuer_mismatch
        └── AudienceMismatchError  audience_mismatch

No sentence repeats a byte of the token (THREATS J42, J93).
"""

from typing import ClassVar

from watchword.errors import WatchwordError


class JOSEError(WatchwordError):
    """The root of this package's errors."""

    code: ClassVar[str] = "jose_error"


class InvalidKeyError(JOSEError):
    """A key that must not be used: wrong length, wrong shape, too weak, or in dangerous company."""

    code: ClassVar[str] = "key_invalid"


class UnsupportedKeyError(InvalidKeyError):
    """A key that may be sound but cannot verify here: its kind, curve, algorithm or use is another."""

    code: ClassVar[str] = "key_unsupported"


class MalformedTokenError(JOSEError):
    """Not a compact JWS of strict base64url segments that hold strict JSON."""

    code: ClassVar[str] = "token_malformed"


class UnsupportedHeaderError(MalformedTokenError):
    """The header demands an extension; none is implemented, so none may be ignored (RFC 7515 section 4.1.11)."""

    code: ClassVar[str] = "header_unsupported"


class AlgorithmNotAllowedError(JOSEError):
    """The header's algorithm, the key's algorithm and the allow-list are not one and the same."""

    code: ClassVar[str] = "algorithm_not_allowed"


class UnknownKeyError(JOSEError):
    """No key of the set is the one the header names."""

    code: ClassVar[str] = "key_unknown"


class SignatureInvalidError(JOSEError):
    """The signature was not made by this key over these bytes."""

    code: ClassVar[str] = "signature_invalid"


class TypeMismatchError(JOSEError):
    """The header's ``typ`` says that this is another kind of token (RFC 8725 section 3.11)."""

    code: ClassVar[str] = "type_mismatch"


class ClaimError(JOSEError):
    """A claim is absent, has the wrong type or the wrong value.

    Args:
        sentence: what is wrong.
        claim: the name of the claim, always one of ours and never taken from the token.
    """

    code: ClassVar[str] = "claim_invalid"

    def __init__(self, sentence: str, *, claim: str, detail: str | None = None) -> None:
        super().__init__(sentence, detail=detail)
        self.claim = claim


class TokenExpiredError(ClaimError):
    """The current time is on or after ``exp`` (RFC 7519 section 4.1.4)."""

    code: ClassVar[str] = "token_expired"


class TokenNotYetValidError(ClaimError):
    """``nbf`` or ``iat`` lies in the future (RFC 7519 section 4.1.5)."""

    code: ClassVar[str] = "token_not_yet_valid"


class IssuerMismatchError(ClaimError):
    """``iss`` is not, byte for byte, the expected issuer."""

    code: ClassVar[str] = "issuer_mismatch"


class AudienceMismatchError(ClaimError):
    """The token was made for somebody else."""

    code: ClassVar[str] = "audience_mismatch"
