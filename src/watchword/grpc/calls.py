"""What both kinds of gRPC server share: which method asks for what, how a call presents its token, and the verdicts."""

from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from ssl import PEM_cert_to_DER_cert
from typing import Any, Literal, Protocol

import grpc

from watchword.verify.claims import VerifiedClaims
from watchword.verify.conditions import requires
from watchword.verify.presented import PresentedToken
from watchword.verify.protection import Protection, Refusal
from watchword.verify.public_paths import PublicPaths
from watchword.verify.requirements import Requirement, requirements

Unlisted = Literal["refuse", "accept"]
Asked = Sequence[str] | Sequence[Requirement]

# gRPC has no word of its own for a malformed header: whoever called is not known.
_CODES = {403: grpc.StatusCode.PERMISSION_DENIED, 503: grpc.StatusCode.UNAVAILABLE}
_NOT_LISTED = requires(lambda claims: False, name="listed method")  # noqa: ARG005  whoever it is
_claims: ContextVar[VerifiedClaims] = ContextVar("watchword_grpc_claims")


class Context(Protocol):
    """What is needed of the contexts of both kinds."""

    def invocation_metadata(self) -> Any:
        """The caller's metadata: names and values."""
        ...

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        """What is known of the connection."""
        ...


def current_claims() -> VerifiedClaims:
    """Whom the token of the current call speaks for.

    Raises:
        RuntimeError: the method is public, or this is no call.
    """
    try:
        return _claims.get()
    except LookupError:
        raise RuntimeError("there are no claims: this is no guarded call") from None


def remember(claims: VerifiedClaims) -> None:
    """Make them those of the current call, which has a context of its own."""
    _claims.set(claims)


class MethodRules:
    """What each method asks of a token.

    Args:
        methods: by full name (``/orders.Orders/List``) or service (``/orders.Orders/*``): scopes, or requirements.
            None asks for any good token everywhere.
        public: methods that need no token, written in the same way.
        unlisted: what becomes of methods that ``methods`` does not list: ``refuse`` them, or ``accept`` any good token.

    Raises:
        ValueError: a name is not of this form, or ``unlisted`` is neither.
    """

    def __init__(self, methods: Mapping[str, Asked] | None, public: Iterable[str], unlisted: Unlisted) -> None:
        if unlisted not in {"refuse", "accept"}:
            raise ValueError("unlisted is refuse or accept")
        listed = methods or {}
        if not all(name.startswith("/") and name.count("/") == 2 and not name.endswith("/") for name in listed):
            raise ValueError("a method is called /package.Service/Method, or /package.Service/* for all of a service")
        self._public = PublicPaths(public)
        self._asked = {name: _requirements(asked) for name, asked in listed.items()}
        self._unlisted = (_NOT_LISTED,) if methods is not None and unlisted == "refuse" else ()

    def require(self, method: str) -> tuple[Requirement, ...] | None:
        """What ``method`` asks for; None if it needs no token."""
        if method in self._public:
            return None
        asked = self._asked.get(method)
        if asked is None:
            asked = self._asked.get(method.rpartition("/")[0] + "/*", self._unlisted)
        return asked


def present(protection: Protection, method: str, context: Context) -> PresentedToken:
    """What a call presented.

    Raises:
        VerificationError: nothing, or nothing that can be read.
    """
    metadata = [(name, value) for name, value in context.invocation_metadata() or () if isinstance(value, str)]
    named = protection.certificate_header
    return protection.present(
        authorization=_values(metadata, "authorization"),
        proofs=_values(metadata, "dpop"),
        method="POST",  # what a gRPC call is in HTTP/2
        path=method,
        certificate=_certificate(context),
        certificate_header=_values(metadata, named.lower()) if named else (),
    )


def verdict(refusal: Refusal) -> tuple[grpc.StatusCode, str, tuple[tuple[str, str], ...]]:
    """Status, details and trailing metadata of a call that is refused."""
    told = tuple((name.lower(), value) for name, value in refusal.headers if name != "Cache-Control")
    code = _CODES.get(refusal.status, grpc.StatusCode.UNAUTHENTICATED)
    return code, refusal.body["error_description"], told


def _values(metadata: Sequence[tuple[str, str]], name: str) -> list[str]:
    return [value for key, value in metadata if key == name]


def _certificate(context: Context) -> bytes | None:
    for pem in context.auth_context().get("x509_pem_cert", ()):
        return PEM_cert_to_DER_cert(pem.decode("ascii"))
    return None


def _requirements(asked: Asked) -> tuple[Requirement, ...]:
    if isinstance(asked, str):
        raise TypeError("a method asks for a sequence of scopes, not for one string")
    scopes = [one for one in asked if isinstance(one, str)]
    others = [one for one in asked if not isinstance(one, str)]
    return (*requirements(scopes=scopes), *others)
