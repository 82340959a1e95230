"""What happens when the API refuses the token, and which settings are refused."""

from typing import Any

import pytest
from tests.client.libraries import LIBRARIES, Library
from tests.client.machine_issuer import SECRET, MachineIssuer
from tests.client.waiting import until

from watchword.client.challenges import read_challenges
from watchword.client.errors import ClientSettingsError, TokenRequestError
from watchword.client.renewal import DOUBT_OFF
from watchword.clock import SettableClock
from watchword.jose import Key

BODIES: dict[str, dict[str, Any]] = {
    "none": {},
    "json": {"json": {"order": 1}},
    "form": {"data": {"order": "1"}},
    "bytes": {"content": b"order"},
}


def credentials(library: Library, machines: MachineIssuer, **changes: Any) -> Any:
    options = {"client_id": "worker", "client_secret": SECRET, "resource": machines.api, **changes}
    return library.client_credentials(issuer=machines.issuer, clock=machines.clock, **options)


@pytest.mark.parametrize("body", BODIES)
def test_a_refused_token_is_renewed_and_the_request_sent_again(
    library: Library, machines: MachineIssuer, body: str
) -> None:
    auth = credentials(library, machines)
    library.call(auth, "GET", machines.api)
    machines.live.clear()
    machines.calls.clear()
    assert library.call(auth, "POST", f"{machines.api}/orders", **BODIES[body]).status_code == 200
    first, second = machines.calls
    assert first.body == second.body
    assert first.headers["authorization"] != second.headers["authorization"]
    assert machines.counts["token"] == 2


def test_a_body_that_can_be_sent_once_is_sent_once(library: Library, machines: MachineIssuer) -> None:
    """The answer is the caller's; later requests have another token."""
    auth = credentials(library, machines)
    library.call(auth, "GET", machines.api)
    machines.live.clear()
    machines.calls.clear()
    answer = library.call(auth, "POST", machines.api, content=library.stream_of(b"or", b"der"))
    assert answer.status_code == 401
    assert [call.body for call in machines.calls] == [b"order"]
    until(lambda: auth._source._flight is None)
    assert library.call(auth, "POST", machines.api, content=library.stream_of(b"or", b"der")).status_code == 200
    assert machines.counts["token"] == 2


def test_an_api_that_always_refuses_causes_no_loop_and_no_flood(
    library: Library, machines: MachineIssuer, clock: SettableClock
) -> None:
    auth = credentials(library, machines)
    machines.behaviour.api_refuses_all = True
    assert [library.call(auth, "GET", machines.api).status_code for _ in range(5)] == [401] * 5
    assert len(machines.calls) == 6
    assert machines.counts["token"] == 2
    clock.advance(DOUBT_OFF)
    assert library.call(auth, "GET", machines.api).status_code == 401
    assert machines.counts["token"] == 3


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        'Bearer realm="api"',
        'Bearer error="insufficient_scope"',
        'Bearer error="invalid_request", error_description="error=\\"invalid_token\\""',
        'Basic error="invalid_token"',
    ],
)
def test_any_other_refusal_is_the_callers(machines: MachineIssuer, challenge: str) -> None:
    library = LIBRARIES[0]
    auth = credentials(library, machines)
    machines.behaviour.api_refuses_all = True
    machines.behaviour.challenge = challenge
    assert library.call(auth, "GET", machines.api).status_code == 401
    assert (len(machines.calls), machines.counts["token"]) == (1, 1)


def test_when_the_renewal_fails_the_caller_is_told_why(library: Library, machines: MachineIssuer) -> None:
    auth = credentials(library, machines)
    library.call(auth, "GET", machines.api)
    machines.live.clear()
    machines.behaviour.refuse_with = "unauthorized_client"
    with pytest.raises(TokenRequestError, match="unauthorized_client"):
        library.call(auth, "GET", machines.api)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Bearer", [("bearer", "")]),
        ("Bearer error=invalid_token", [("bearer", "invalid_token")]),
        ('bearer realm="a, Bearer error=x", error = "invalid_token"', [("bearer", "invalid_token")]),
        ('Basic realm="x", DPoP algs="ES256", error="use_dpop_nonce"', [("basic", ""), ("dpop", "use_dpop_nonce")]),
        ('Negotiate YWJj==, Bearer error="invalid_token"', [("negotiate", ""), ("bearer", "invalid_token")]),
        ('Bearer realm="\\"", error="invalid\\_token"', [("bearer", "invalid_token")]),
        (',, Bearer ,error="invalid_token"', [("bearer", "invalid_token")]),
        ('Bearer realm="unclosed, error="invalid_token"', [("bearer", "")]),
        ("", []),
        ("=", []),
        ("Bearer " + "x" * 5000, []),
        ('"' * 4000, []),
    ],
)
def test_challenges_are_read(header: str, expected: list[tuple[str, str]]) -> None:
    assert list(read_challenges([header])) == expected


def test_several_headers_are_several_challenges() -> None:
    read = read_challenges(['DPoP error="use_dpop_nonce"', "Bearer"])
    assert list(read) == [("dpop", "use_dpop_nonce"), ("bearer", "")]


@pytest.mark.parametrize(
    "change",
    [
        {"client_secret": None},
        {"client_secret": ""},
        {"client_id": ""},
        {"client_id": 7},
        {"private_key": Key.generate("ES256")},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "none"},
        {"token_endpoint_auth_method": "tls_client_auth"},
        {"client_secret": None, "private_key": Key.generate("ES256").public()},
        {"client_secret": None, "private_key": Key.generate("HS256")},
        {"dpop_key": Key.generate("ES256").public()},
        {"dpop_key": Key.generate("HS256")},
        {"dpop_key": "key"},
        {"scopes": "orders:read"},
        {"scopes": ["orders read"]},
        {"scopes": ['"']},
        {"scopes": [7]},
        {"parameters": {"client_secret": "x"}},
        {"parameters": {"scope": "x"}},
        {"issuer": "http://auth.example.com"},
        {"issuer": None},
        {"issuer": "auth"},
        {"issuer": "auth", "metadata_url": "ftp://x"},
        {"resource": None},
        {"resource": "urn:orders"},
        {"danger_any_origin": "false"},
        {"danger_any_origin": "0"},
        {"danger_any_origin": 1},
        {"danger_allow_http": "false"},
    ],
)
def test_settings_that_make_no_sense_are_told_at_once(change: dict[str, Any]) -> None:
    options = {
        "issuer": "https://auth.example.com",
        "client_id": "worker",
        "client_secret": SECRET,
        "resource": "https://api.example.com",
    }
    given = {name: value for name, value in {**options, **change}.items() if value is not None}
    with pytest.raises(ClientSettingsError) as refused:
        LIBRARIES[0].client_credentials(**given)
    assert refused.value.code == "client_misconfigured"
    assert SECRET not in str(refused.value)


def test_an_option_that_does_not_exist_is_told(machines: MachineIssuer) -> None:
    with pytest.raises(TypeError, match="no option verify"):
        credentials(LIBRARIES[0], machines, verify=False)


def test_a_flow_driven_by_hand_carries_the_token(machines: MachineIssuer) -> None:
    """Some applications wrap one auth in another and call ``auth_flow`` themselves."""
    library = LIBRARIES[0]
    flow = credentials(library, machines).auth_flow(library.module.Request("GET", machines.api))
    assert next(flow).headers["authorization"].startswith("Bearer token-")
