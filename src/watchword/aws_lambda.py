"""Protect an AWS API Gateway, or a Lambda function behind a function URL or a load balancer.

guard = Guard(issuer="https://auth.example.com", audience="https://api.example.com")
handler = guard.rest_authorizer(scopes=["orders:read"])        # for a REST API; for an HTTP API: http_authorizer

@guard.requires(scopes=["orders:read"])                        # or the function itself, behind a function URL
def handler(event, context):
    return {"orders_of": event["claims"].sub}
"""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from ssl import PEM_cert_to_DER_cert
from typing import Any, Unpack, cast
from urllib.parse import parse_qsl

from watchword.verify.claims import VerifiedClaims
from watchword.verify.errors import RequirementError, StepUpError, UnavailableError, VerificationError
from watchword.verify.presented import PresentedToken
from watchword.verify.protection import Needs, Protection, ProtectionOptions, Refusal, needed
from watchword.verify.requirements import Requirement

Event = dict[str, Any]
Handler = Callable[[Event, Any], Any]


class UnauthorizedError(Exception):
    """What a REST API's gateway turns into a 401: it knows it by this exact text."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class Guard:
    """Authorizers and decorators with one protection.

    Make it outside the handler: keys and verified tokens then last from one request to the next. Withdrawn tokens are
    asked for within the request (``revocation="on_demand"``) unless told otherwise, since a function sleeps in between.

    Args:
        options: ``issuer`` and ``audience`` at least, see `ProtectionOptions`.

    Raises:
        VerifierSettingsError: an option makes no sense.
        ValueError: the audience cannot stand in a header.
    """

    def __init__(self, **options: Unpack[ProtectionOptions]) -> None:
        self.protection = Protection(**cast("ProtectionOptions", {"revocation": "on_demand", **options}))

    def rest_authorizer(self, *conditions: Requirement, **needs: Unpack[Needs]) -> Handler:
        """The handler of a Lambda authorizer for a REST API, of type TOKEN or REQUEST.

        A gateway keeps the policy for the next requests with the same token (300 seconds unless told otherwise), to
        whatever method they go. So this one is about the whole stage: the token may call all of it that this
        authorizer guards, or nothing. Where methods ask for different scopes, give each scope an authorizer of its own.
        While a policy is kept, expiry and withdrawal are not seen, and no DPoP proof is asked for: set the time to 0
        where that matters.

        Args:
            conditions: rules of the service's own, see `watchword.verify.conditions.requires`.
            needs: ``scopes``, ``roles``, ``acr_values``, ``amr``, ``max_age``; nothing: any good token.
        """
        require = needed(conditions, needs)

        def authorize(event: Event, context: Any) -> dict[str, Any]:
            del context
            try:
                claims = self.protection.admit(self._presented_to_authorizer(event), require)
            except RequirementError as error:
                refusal = self.protection.refusal(error)
                return _policy("Deny", event, "refused", _told(refusal))
            except UnavailableError as error:
                # No verdict: a gateway makes this a 500, and keeps nothing.
                self.protection.refusal(error)
                raise
            except VerificationError as error:
                self.protection.refusal(error)
                raise UnauthorizedError from None
            return _policy("Allow", event, claims.sub, _context(claims))

        return authorize

    def http_authorizer(self, *conditions: Requirement, **needs: Unpack[Needs]) -> Handler:
        """The handler of a Lambda authorizer for an HTTP API: payload format 2.0, simple responses.

        The gateway answers 401 where its identity source, ``$request.header.Authorization``, is missing, and 403
        to whatever this refuses. What `rest_authorizer` says of kept verdicts is true here as well.

        Args:
            conditions: rules of the service's own, see `watchword.verify.conditions.requires`.
            needs: ``scopes``, ``roles``, ``acr_values``, ``amr``, ``max_age``; nothing: any good token.
        """
        require = needed(conditions, needs)

        def authorize(event: Event, context: Any) -> dict[str, Any]:
            del context
            try:
                claims = self.protection.admit(self._presented(event), require)
            except UnavailableError as error:
                self.protection.refusal(error)
                raise
            except VerificationError as error:
                self.protection.refusal(error)
                return {"isAuthorized": False}
            return {"isAuthorized": True, "context": _context(claims)}

        return authorize

    def requires(self, *conditions: Requirement, **needs: Unpack[Needs]) -> Callable[[Handler], Handler]:
        """A decorator for functions behind a function URL, an application load balancer or an API with proxy
        integration; ``event["claims"]`` is the `VerifiedClaims`.

        Args:
            conditions: rules of the service's own, see `watchword.verify.conditions.requires`.
            needs: ``scopes``, ``roles``, ``acr_values``, ``amr``, ``max_age``; nothing: any good token.
        """
        require = needed(conditions, needs)

        def decorate(handler: Handler) -> Handler:
            @functools.wraps(handler)
            def guarded(event: Event, context: Any) -> Any:
                try:
                    claims = self.protection.admit(self._presented(event), require)
                except VerificationError as error:
                    return _response(self.protection.refusal(error), event)
                try:
                    return handler({**event, "claims": claims}, context)
                except (RequirementError, StepUpError) as error:
                    return _response(self.protection.refusal(error), event)

            return guarded

        return decorate

    def _presented_to_authorizer(self, event: Event) -> PresentedToken:
        if event.get("type") == "TOKEN":
            value = event.get("authorizationToken")
            return self.protection.present(authorization=[value] if value else [])
        return self._presented(event)

    def _presented(self, event: Event) -> PresentedToken:
        """The token of a request, in either of the two forms in which AWS describes one."""
        named = self.protection.certificate_header
        about: Mapping[str, Any] = event.get("requestContext") or {}
        http: Mapping[str, Any] = about.get("http") or {}
        identity: Mapping[str, Any] = about.get("identity") or about.get("authentication") or {}
        pem = (identity.get("clientCert") or {}).get("clientCertPem")
        return self.protection.present(
            authorization=_header(event, "authorization"),
            query_names=_query_names(event),
            proofs=_header(event, "dpop"),
            method=http.get("method") or event.get("httpMethod") or "",
            path=event.get("rawPath") or about.get("path") or event.get("path") or "",
            certificate=PEM_cert_to_DER_cert(pem.strip()) if pem else None,
            certificate_header=_header(event, named.lower()) if named else (),
        )


def _header(event: Event, name: str) -> list[str]:
    """Every value of one header. One form lists those that came twice, the other joins them with a comma."""
    lists: Mapping[str, list[str]] = event.get("multiValueHeaders") or {}
    several = [value for key, values in lists.items() if key.lower() == name for value in values]
    single: Mapping[str, str] = event.get("headers") or {}
    return several or [value for key, value in single.items() if key.lower() == name]


def _query_names(event: Event) -> Sequence[str]:
    names = [name for name, _ in parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True)]
    return (*names, *(event.get("queryStringParameters") or ()), *(event.get("multiValueQueryStringParameters") or ()))


def _policy(effect: str, event: Event, principal: str, context: Mapping[str, Any]) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": _whole_stage(event["methodArn"])}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": principal, "policyDocument": document, "context": dict(context)}


def _whole_stage(method_arn: str) -> str:
    """Every method of the stage to which ``arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH`` belongs."""
    api, stage = method_arn.split("/")[:2]
    return f"{api}/{stage}/*"


def _context(claims: VerifiedClaims) -> dict[str, str | int | bool]:
    """What the gateway hands on to the function; it takes texts, numbers and booleans only."""
    return {
        "sub": claims.sub,
        "client_id": claims.client_id,
        "issuer": claims.issuer,
        "scope": " ".join(sorted(claims.scopes)),
        "roles": " ".join(sorted(claims.roles)),
        "is_client": claims.is_client,
        "expires_at": int(claims.expires_at),
    }


def _told(refusal: Refusal) -> dict[str, str]:
    """For the gateway's own response templates: ``$context.authorizer.www_authenticate`` and the like."""
    return {**refusal.body, "www_authenticate": dict(refusal.headers).get("WWW-Authenticate", "")}


def _response(refusal: Refusal, event: Event) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", **dict(refusal.headers)}
    answer: dict[str, Any] = {
        "statusCode": refusal.status,
        "headers": headers,
        "body": json.dumps(dict(refusal.body)),
        "isBase64Encoded": False,
    }
    if "multiValueHeaders" in event:
        # A load balancer that was told to use lists reads nothing else.
        answer["multiValueHeaders"] = {name: [value] for name, value in headers.items()}
    return answer
