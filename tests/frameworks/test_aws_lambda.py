"""AWS Lambda beside what all frameworks do: what a gateway makes of a verdict, and keeps."""

from typing import Any

import pytest
from tests.frameworks.drivers.aws_lambda import STAGE, event_v1, event_v2
from tests.frameworks.protected_api import API, ISSUER, Call, protected
from tests.frameworks.tokens import bearer, token

from watchword.aws_lambda import Guard, UnauthorizedError
from watchword.clock import SettableClock
from watchword.verify.errors import KeysUnavailableError
from watchword.verify.testing import FakeIssuer


def token_event(text: str | None, arn: str = STAGE + "/GET/orders/1") -> dict[str, Any]:
    return {"type": "TOKEN", "methodArn": arn, "authorizationToken": text and "Bearer " + text}


@pytest.mark.parametrize(
    ("arn", "resource"),
    [
        (STAGE + "/GET/orders/1", STAGE + "/*"),
        (STAGE + "/POST/", STAGE + "/*"),
        ("arn:aws-cn:execute-api:cn-north-1:123456789012:abc/$default/GET/x", None),
    ],
)
def test_a_policy_covers_the_stage_since_the_gateway_keeps_it_for_other_methods(
    clock: SettableClock, arn: str, resource: str | None
) -> None:
    policy = Guard(**protected(clock)).rest_authorizer()(token_event(token(), arn), None)
    assert policy["principalId"] == "user-1"
    assert policy["policyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Action": "execute-api:Invoke",
                "Effect": "Allow",
                "Resource": resource or "arn:aws-cn:execute-api:cn-north-1:123456789012:abc/$default/*",
            }
        ],
    }


def test_the_function_behind_gets_texts_numbers_and_booleans(clock: SettableClock) -> None:
    guard = Guard(**protected(clock))
    event = event_v2(bearer(token(roles=["b", "a"], scope="x orders:read")))
    expected = {
        "sub": "user-1",
        "client_id": "client-1",
        "issuer": ISSUER,
        "scope": "orders:read x",
        "roles": "a b",
        "is_client": False,
        "expires_at": 1_790_000_300,
    }
    assert guard.http_authorizer()(event, None) == {"isAuthorized": True, "context": expected}
    assert guard.rest_authorizer()(token_event(token()), None)["context"].keys() == expected.keys()


@pytest.mark.parametrize("text", [None, "", "a.b.c"])
def test_a_rest_api_knows_a_401_by_this_exact_text(clock: SettableClock, text: str | None) -> None:
    with pytest.raises(UnauthorizedError) as caught:
        Guard(**protected(clock)).rest_authorizer()(token_event(text), None)
    assert str(caught.value) == "Unauthorized"
    assert caught.value.__cause__ is None


def test_a_good_token_that_does_not_suffice_is_denied_with_what_a_template_may_tell(clock: SettableClock) -> None:
    policy = Guard(**protected(clock)).rest_authorizer(scopes=["orders:write"])(token_event(token()), None)
    assert policy["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert policy["context"]["code"] == "scope_missing"
    assert 'scope="orders:write"' in policy["context"]["www_authenticate"]


def test_without_keys_there_is_no_verdict_that_a_gateway_could_keep(clock: SettableClock) -> None:
    guard = Guard(issuer="http://127.0.0.1:1", audience=API, clock=clock)
    text = token(iss="http://127.0.0.1:1")
    with pytest.raises(KeysUnavailableError):
        guard.rest_authorizer()(token_event(text), None)
    with pytest.raises(KeysUnavailableError):
        guard.http_authorizer()(event_v2(bearer(text)), None)


@pytest.mark.parametrize(("options", "mode"), [({}, "on_demand"), ({"revocation": "poll"}, "poll")])
def test_withdrawals_are_asked_for_within_the_request_unless_told_otherwise(options: Any, mode: str) -> None:
    """A function sleeps between requests, and threads with it."""
    guard = Guard(issuer=ISSUER, audience=API, **options)
    with FakeIssuer(ISSUER, audience=API) as issuer:
        guard.http_authorizer()(event_v2(bearer(issuer.token())), None)
        assert f"mode={mode!r}" in str(guard.protection.verifier.status())


def test_a_load_balancer_that_uses_lists_is_answered_with_lists(clock: SettableClock) -> None:
    handler = Guard(**protected(clock)).requires()(lambda event, context: None)
    answer = handler({"httpMethod": "GET", "path": "/", "multiValueHeaders": {}}, None)
    assert answer["statusCode"] == 401
    assert answer["multiValueHeaders"]["WWW-Authenticate"] == [f'Bearer realm="{API}"']
    assert "multiValueHeaders" not in handler(event_v2(Call()), None)


@pytest.mark.parametrize("event", [{}, {"headers": None}, {"requestContext": None}, {"queryStringParameters": None}])
def test_an_event_of_another_kind_is_one_without_a_token(clock: SettableClock, event: dict[str, Any]) -> None:
    answer = Guard(**protected(clock)).requires()(lambda event, context: None)(event, None)
    assert answer["statusCode"] == 401


def test_the_handlers_own_event_is_left_alone(clock: SettableClock) -> None:
    event = event_v1(bearer(token()))
    sub = Guard(**protected(clock)).requires()(lambda event, context: event["claims"].sub)(event, None)
    assert sub == "user-1"
    assert "claims" not in event
