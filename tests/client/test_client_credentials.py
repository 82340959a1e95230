"""A machine's own tokens, through the real httpx2 and the real httpx, blocking and asyncio."""

import logging
import threading
from typing import Any

import pytest
from tests.client.libraries import LIBRARIES, Library
from tests.client.machine_issuer import SECRET, MachineIssuer
from tests.client.toy_issuer import listening_socket
from tests.client.waiting import until

from watchword.client.errors import ClientError, DiscoveryError, TokenRequestError
from watchword.client.renewal import HOLD_OFF
from watchword.clock import SettableClock


def options(machines: MachineIssuer, **changes: Any) -> dict[str, Any]:
    given = {
        "issuer": machines.issuer,
        "client_id": "worker",
        "client_secret": SECRET,
        "resource": machines.api,
        "scopes": ["orders:read"],
        "clock": machines.clock,
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


def test_a_token_is_asked_for_once_and_goes_on_every_request(library: Library, machines: MachineIssuer) -> None:
    auth = library.client_credentials(**options(machines))
    assert auth.granted_scopes is None
    answers = [library.call(auth, "GET", f"{machines.api}/orders?page={page}") for page in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.json()["token"] for answer in answers}) == 1
    assert machines.token_requests == [
        {"grant_type": "client_credentials", "resource": machines.api, "scope": "orders:read"}
    ]
    assert machines.counts["metadata"] == 1
    assert auth.granted_scopes == ("orders:read",)


def test_one_object_serves_blocking_clients_and_every_event_loop(machines: MachineIssuer) -> None:
    blocking, asynchronous = LIBRARIES[:2]
    auth = blocking.client_credentials(**options(machines))
    for library in (asynchronous, blocking, asynchronous):
        assert library.call(auth, "GET", machines.api).status_code == 200
    assert machines.counts["token"] == 1


@pytest.mark.parametrize(
    ("method", "field"), [("client_secret_basic", None), ("client_secret_post", "client_secret"), (None, None)]
)
def test_a_secret_goes_where_the_method_puts_it(
    library: Library, machines: MachineIssuer, method: str | None, field: str | None
) -> None:
    auth = library.client_credentials(**options(machines, token_endpoint_auth_method=method))
    assert library.call(auth, "GET", machines.api).status_code == 200
    assert ("authorization" in machines.token_headers[0]) is (field is None)
    assert machines.token_requests[0].get("client_secret") == (None if field is None else SECRET)


@pytest.mark.parametrize(
    ("spoil", "raised", "error"),
    [
        ({"token_type": "mac"}, TokenRequestError, "invalid_response"),
        ({"token_type": "DPoP"}, TokenRequestError, "invalid_response"),
        ({"token_type": None}, TokenRequestError, "invalid_response"),
        ({"access_token": None}, TokenRequestError, "invalid_response"),
        ({"access_token": 7}, TokenRequestError, "invalid_response"),
        ({"expires_in": 0}, TokenRequestError, "invalid_response"),
        ({"expires_in": -1}, TokenRequestError, "invalid_response"),
        ({"expires_in": "300"}, TokenRequestError, "invalid_response"),
        ({"expires_in": 10**12}, TokenRequestError, "invalid_response"),
    ],
)
def test_a_strange_answer_gives_no_token(
    machines: MachineIssuer, spoil: dict[str, Any], raised: type[ClientError], error: str
) -> None:
    machines.behaviour.answer = spoil
    auth = LIBRARIES[0].client_credentials(**options(machines))
    with pytest.raises(raised) as refused:
        LIBRARIES[0].call(auth, "GET", machines.api)
    assert getattr(refused.value, "error", None) == error
    assert machines.calls == []


@pytest.mark.parametrize("token_type", ["bearer", "BEARER", "Bearer"])
def test_the_type_of_a_token_has_no_case(machines: MachineIssuer, token_type: str) -> None:
    machines.behaviour.answer = {"token_type": token_type}
    auth = LIBRARIES[0].client_credentials(**options(machines))
    assert LIBRARIES[0].call(auth, "GET", machines.api).status_code == 200


def test_fewer_scopes_than_asked_for_are_visible(machines: MachineIssuer, caplog: pytest.LogCaptureFixture) -> None:
    machines.behaviour.answer = {"scope": "orders:read"}
    auth = LIBRARIES[0].client_credentials(**options(machines, scopes=["orders:read", "orders:write"]))
    with caplog.at_level(logging.WARNING, logger="watchword.client"):
        LIBRARIES[0].call(auth, "GET", machines.api)
    assert auth.granted_scopes == ("orders:read",)
    assert "missing: orders:write" in caplog.text


def test_a_refusal_says_its_code_and_no_secret(library: Library, machines: MachineIssuer) -> None:
    auth = library.client_credentials(**options(machines, client_secret="wrong-secret-canary"))
    with pytest.raises(TokenRequestError) as refused:
        library.call(auth, "GET", machines.api)
    assert (refused.value.code, refused.value.error) == ("token_request_refused", "invalid_client")
    assert refused.value.status == 401
    assert "canary" not in f"{refused.value!r} {refused.value.detail} {auth!r}"
    assert machines.calls == []


def test_neither_token_nor_secret_is_shown(machines: MachineIssuer, caplog: pytest.LogCaptureFixture) -> None:
    auth = LIBRARIES[0].client_credentials(**options(machines, dpop_key=None))
    with caplog.at_level(logging.DEBUG):
        token = LIBRARIES[0].call(auth, "GET", machines.api).json()["token"]
        machines.behaviour.refuse_with = "invalid_client"
        auth._source.doubt(token)
        until(lambda: auth._source._flight is None)
    shown = f"{auth!r} {vars(auth)!r} {auth._source.tokens!r} {auth._authentication!r} {caplog.text}"
    assert SECRET not in shown
    assert token not in shown


def test_the_metadata_must_be_the_issuers_own(machines: MachineIssuer) -> None:
    """O07, J91: somebody answers in another's name."""
    machines.behaviour.metadata = {"issuer": "https://auth.example.com"}
    auth = LIBRARIES[0].client_credentials(**options(machines))
    with pytest.raises(DiscoveryError, match="another issuer"):
        LIBRARIES[0].call(auth, "GET", machines.api)
    assert machines.token_requests == []


def test_a_name_is_not_an_address(machines: MachineIssuer) -> None:
    """The issuer is https://auth.example.com, and found on this machine: nothing goes to that name."""
    machines.behaviour.metadata = {
        "issuer": "https://auth.example.com",
        "token_endpoint": "https://auth.example.com/token",
    }
    metadata_url = f"{machines.issuer}/.well-known/openid-configuration"
    auth = LIBRARIES[0].client_credentials(
        **options(machines, issuer="https://auth.example.com", metadata_url=metadata_url)
    )
    assert LIBRARIES[0].call(auth, "GET", machines.api).status_code == 200


def test_a_foreign_token_endpoint_that_is_not_public_gets_no_secret(machines: MachineIssuer) -> None:
    """J87: the document, not the operator, chose the address."""
    port = machines.issuer.rpartition(":")[2]
    machines.behaviour.metadata = {"token_endpoint": f"http://127.0.0.1:{port}/token"}
    auth = LIBRARIES[0].client_credentials(**options(machines))
    with pytest.raises(TokenRequestError, match="public internet"):
        LIBRARIES[0].call(auth, "GET", machines.api)
    assert machines.token_requests == []


def test_a_given_token_endpoint_needs_no_metadata(machines: MachineIssuer) -> None:
    auth = LIBRARIES[0].client_credentials(**options(machines, token_url=f"{machines.issuer}/token"))
    assert LIBRARIES[0].call(auth, "GET", machines.api).status_code == 200
    assert machines.counts["metadata"] == 0


def test_further_parameters_go_along(machines: MachineIssuer) -> None:
    auth = LIBRARIES[0].client_credentials(
        **options(machines, resource=None, origins=[machines.api], parameters={"audience": "orders"}, scopes=None)
    )
    assert LIBRARIES[0].call(auth, "GET", machines.api).status_code == 200
    assert machines.token_requests == [{"grant_type": "client_credentials", "audience": "orders"}]


def test_a_token_endpoint_that_moves_is_found_again(machines: MachineIssuer, clock: SettableClock) -> None:
    auth = LIBRARIES[0].client_credentials(**options(machines))
    machines.behaviour.metadata = {"token_endpoint": f"{machines.issuer}/elsewhere"}
    with pytest.raises(TokenRequestError):
        LIBRARIES[0].call(auth, "GET", machines.api)
    machines.behaviour.metadata = {}
    clock.advance(HOLD_OFF)
    assert LIBRARIES[0].call(auth, "GET", machines.api).status_code == 200
    assert machines.counts["metadata"] == 2


def test_an_issuer_that_is_not_there_is_said_to_be_so(library: Library, machines: MachineIssuer) -> None:
    with listening_socket() as closed:
        port = closed.getsockname()[1]
    auth = library.client_credentials(**options(machines, issuer=f"http://localhost:{port}"))
    with pytest.raises(DiscoveryError) as refused:
        library.call(auth, "GET", machines.api)
    assert refused.value.code == "discovery_failed"


def test_a_process_with_no_thread_left_is_told_so_and_recovers(
    machines: MachineIssuer, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    auth = LIBRARIES[0].client_credentials(**options(machines))
    with monkeypatch.context() as exhausted:
        exhausted.setattr(threading.Thread, "start", no_more)
        with pytest.raises(TokenRequestError, match="no thread left"):
            auth._source.token()
    clock.advance(HOLD_OFF)
    assert auth._source.token().access_token in machines.live
