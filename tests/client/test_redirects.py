"""What goes along when the application lets its client follow redirects: between two real origins, in both libraries.

RFC 9449 sections 4.2 and 4.3: a proof is for one request, ``htm`` and ``htu`` (THREATS O43, O45, J92).
"""

import gc
from collections.abc import Iterator
from typing import Any

import anyio
import httpx2
import pytest
from tests.client.libraries import LIBRARIES, Library
from tests.client.machine_issuer import SECRET, MachineIssuer, machine_issuer
from tests.client.test_dpop_client import claims_of

from watchword.client.errors import UntrustedOriginError
from watchword.client.protected_request import renew_proof
from watchword.clock import SettableClock
from watchword.jose import Key

KEY = Key.generate("ES256")


@pytest.fixture
def stranger(clock: SettableClock) -> Iterator[MachineIssuer]:
    with machine_issuer(clock) as running:
        yield running


def credentials(library: Library, machines: MachineIssuer, *, bound: bool = True, **changes: Any) -> Any:
    options = {"client_id": "worker", "client_secret": SECRET, "resource": machines.api, "clock": machines.clock}
    if bound:
        options["dpop_key"] = KEY
    return library.client_credentials(issuer=machines.issuer, **{**options, **changes})


def test_with_the_hook_neither_token_nor_proof_goes_to_another_origin(
    library: Library, machines: MachineIssuer, stranger: MachineIssuer
) -> None:
    machines.behaviour.redirect_to = f"{stranger.issuer}/collect"
    auth = credentials(library, machines)
    answer = library.call(auth, "GET", f"{machines.issuer}/elsewhere", follow=True, hook=True)
    assert answer.status_code == 401
    assert "dpop" in machines.redirected[0].headers
    assert not {"authorization", "dpop"} & stranger.calls[0].headers.keys()
    assert (len(machines.redirected), len(stranger.calls), machines.counts["token"]) == (1, 1, 1)


def test_nor_to_another_origin_that_tokens_may_go_to(
    library: Library, machines: MachineIssuer, stranger: MachineIssuer
) -> None:
    """The libraries take the token away there; a proof without it says nothing."""
    machines.behaviour.redirect_to = f"{stranger.issuer}/collect"
    auth = credentials(library, machines, origins=[stranger.issuer])
    library.call(auth, "GET", f"{machines.issuer}/elsewhere", follow=True, hook=True)
    assert not {"authorization", "dpop"} & stranger.calls[0].headers.keys()


def test_without_the_hook_the_proof_goes_along_and_the_application_is_told(
    library: Library, machines: MachineIssuer, stranger: MachineIssuer
) -> None:
    """What is sent then, exactly: the used proof for the first address, no token."""
    machines.behaviour.redirect_to = f"{stranger.issuer}/collect"
    auth = credentials(library, machines)
    with pytest.raises(UntrustedOriginError, match="renew_proof") as caught:
        library.call(auth, "GET", f"{machines.issuer}/elsewhere", follow=True)
    assert caught.value.code == "untrusted_origin"
    (collected,) = stranger.calls
    assert "authorization" not in collected.headers
    assert collected.headers["dpop"] == machines.redirected[0].headers["dpop"]
    assert claims_of(collected.headers["dpop"])["htu"] == f"{machines.issuer}/elsewhere"


@pytest.mark.parametrize(("method", "status", "then"), [("GET", 307, "GET"), ("PUT", 308, "PUT"), ("POST", 303, "GET")])
def test_with_the_hook_a_redirect_within_the_origin_carries_a_proof_of_its_own(
    library: Library, machines: MachineIssuer, method: str, status: int, then: str
) -> None:
    """Believed by joserfc, at the first try."""
    machines.behaviour.redirect_to, machines.behaviour.redirect_status = f"{machines.issuer}/orders?page=2", status
    auth = credentials(library, machines)
    body: dict[str, Any] = {} if method == "GET" else {"json": {"order": 1}}
    answer = library.call(auth, method, f"{machines.issuer}/elsewhere", follow=True, hook=True, **body)
    assert answer.status_code == 200
    assert (len(machines.redirected), len(machines.calls)) == (1, 1)
    first, second = (claims_of(seen.headers["dpop"]) for seen in (machines.redirected[0], machines.calls[0]))
    assert (first["htm"], first["htu"]) == (method, f"{machines.issuer}/elsewhere")
    assert (second["htm"], second["htu"]) == (then, f"{machines.issuer}/orders")
    assert first["jti"] != second["jti"]


@pytest.mark.parametrize(("method", "status", "then"), [("GET", 307, "GET"), ("PUT", 308, "PUT"), ("POST", 303, "GET")])
def test_without_the_hook_it_is_refused_once_and_then_carries_one(
    library: Library, machines: MachineIssuer, method: str, status: int, then: str
) -> None:
    machines.behaviour.redirect_to, machines.behaviour.redirect_status = f"{machines.issuer}/orders", status
    auth = credentials(library, machines)
    body: dict[str, Any] = {} if method == "GET" else {"json": {"order": 1}}
    answer = library.call(auth, method, f"{machines.issuer}/elsewhere", follow=True, **body)
    assert answer.status_code == 200
    assert (len(machines.redirected), len(machines.calls), machines.counts["token"]) == (1, 2, 1)
    assert {call.method for call in machines.calls} == {then}
    assert machines.calls[0].body == machines.calls[1].body


@pytest.mark.parametrize("hook", [True, False])
def test_a_nonce_of_the_address_that_a_redirect_led_to_is_answered_there(
    library: Library, machines: MachineIssuer, *, hook: bool
) -> None:
    machines.behaviour.redirect_to, machines.behaviour.redirect_status = f"{machines.issuer}/orders", 303
    machines.behaviour.api_nonce = "nonce-1"
    auth = credentials(library, machines)
    answer = library.call(auth, "POST", f"{machines.issuer}/elsewhere", follow=True, hook=hook, json={"order": 1})
    assert answer.status_code == 200
    assert (len(machines.redirected), len(machines.calls)) == (1, 2)


@pytest.mark.parametrize("bound", [True, False])
def test_what_was_done_before_the_redirect_is_not_done_again_for_a_better_token(
    library: Library, machines: MachineIssuer, *, bound: bool
) -> None:
    """An order is placed; the page that tells of it refuses the token, which has just been withdrawn. Only that page is
    asked for again, not for a second order.
    """
    machines.behaviour.redirect_to, machines.behaviour.redirect_status = f"{machines.issuer}/orders", 303
    machines.behaviour.challenge = 'DPoP error="invalid_token"'
    auth = credentials(library, machines, bound=bound)
    library.call(auth, "GET", machines.api, hook=bound)
    machines.live.clear()
    machines.calls.clear()
    answer = library.call(auth, "POST", f"{machines.issuer}/elsewhere", follow=True, hook=bound, json={"order": 1})
    assert answer.status_code == 200
    assert [seen.method for seen in machines.redirected] == ["POST"]
    assert [seen.method for seen in machines.calls] == ["GET", "GET"]
    assert machines.counts["token"] == 2


def test_a_body_that_is_gone_stays_behind_and_the_request_after_it_can_be_repeated(
    library: Library, machines: MachineIssuer
) -> None:
    machines.behaviour.redirect_to, machines.behaviour.redirect_status = f"{machines.issuer}/orders", 303
    auth = credentials(library, machines, bound=False)
    library.call(auth, "GET", machines.api)
    machines.live.clear()
    body = library.stream_of(b"or", b"der")
    answer = library.call(auth, "POST", f"{machines.issuer}/elsewhere", follow=True, content=body)
    assert answer.status_code == 200
    assert [seen.body for seen in machines.redirected] == [b"order"]


@pytest.mark.parametrize("bound", [True, False])
def test_where_a_stranger_leads_back_to_no_token_follows(
    library: Library, machines: MachineIssuer, stranger: MachineIssuer, *, bound: bool
) -> None:
    """A stranger who could choose an address of the API that is asked with the token would act in the caller's name."""
    machines.behaviour.redirect_to = f"{stranger.issuer}/elsewhere"
    stranger.behaviour.redirect_to = f"{machines.issuer}/delete-everything"
    auth = credentials(library, machines, bound=bound)
    answer = library.call(auth, "GET", f"{machines.issuer}/elsewhere", follow=True, hook=bound)
    assert answer.status_code == 401
    assert len(machines.redirected) == 1
    (led_back,) = machines.calls
    assert not {"authorization", "dpop"} & led_back.headers.keys()
    assert machines.counts["token"] == 1


def test_without_the_hook_a_way_through_a_stranger_is_told_even_when_it_leads_back(
    library: Library, machines: MachineIssuer, stranger: MachineIssuer
) -> None:
    machines.behaviour.redirect_to = f"{stranger.issuer}/elsewhere"
    stranger.behaviour.redirect_to = machines.api
    with pytest.raises(UntrustedOriginError, match="renew_proof"):
        library.call(credentials(library, machines), "GET", f"{machines.issuer}/elsewhere", follow=True)
    assert not [seen for seen in (*stranger.redirected, *machines.calls) if "authorization" in seen.headers]


def test_redirects_without_end_make_no_endless_proofs(library: Library, machines: MachineIssuer) -> None:
    machines.behaviour.redirect_to = f"{machines.issuer}/elsewhere"
    auth = credentials(library, machines)
    with pytest.raises(library.module.TooManyRedirects):
        library.call(auth, "GET", f"{machines.issuer}/elsewhere", follow=True, hook=True)
    proofs = [claims_of(seen.headers["dpop"])["jti"] for seen in machines.redirected]
    assert len(set(proofs)) == len(proofs) == 21


@pytest.mark.parametrize("where", ["stranger", "itself"])
@pytest.mark.parametrize("hook", [True, False])
def test_whoever_follows_by_hand_takes_no_proof_to_another_origin(
    library: Library, machines: MachineIssuer, stranger: MachineIssuer, where: str, *, hook: bool
) -> None:
    machines.behaviour.redirect_to = f"{stranger.issuer if where == 'stranger' else machines.issuer}/collect"
    auth = credentials(library, machines)
    answer = library.call(auth, "GET", f"{machines.issuer}/elsewhere")
    following, there = answer.next_request, stranger if where == "stranger" else machines
    gc.collect()
    resend(library, following, auth=None, hook=hook)
    sent = there.calls[0].headers
    if where == "stranger" or hook:
        assert not {"authorization", "dpop"} & sent.keys()
    if where == "itself":
        assert resend(library, following, auth=auth, hook=hook).status_code == 200
    else:
        with pytest.raises(UntrustedOriginError):
            resend(library, following, auth=auth, hook=hook)
        assert len(stranger.calls) == 1


def resend(library: Library, request: Any, *, auth: Any, hook: bool) -> Any:
    hooks = {"request": [library.auth.arenew_proof if library.is_async else library.auth.renew_proof] if hook else []}
    if not library.is_async:
        with library.module.Client(trust_env=False, event_hooks=hooks) as client:
            return client.send(request, auth=auth)

    async def send() -> Any:
        async with library.module.AsyncClient(trust_env=False, event_hooks=hooks) as client:
            return await client.send(request, auth=auth)

    return anyio.run(send)


def test_the_hook_leaves_other_requests_as_they_are() -> None:
    headers = {"Authorization": "DPoP somebody-elses", "DPoP": "somebody-elses"}
    request = httpx2.Request("GET", "https://other.example/", headers=headers)
    renew_proof(request)
    assert {"authorization": "DPoP somebody-elses", "dpop": "somebody-elses"}.items() <= dict(request.headers).items()


def test_two_auth_objects_of_one_client_keep_their_own_keys(library: Library, machines: MachineIssuer) -> None:
    machines.behaviour.redirect_to = f"{machines.issuer}/orders"
    for key in (KEY, Key.generate("ES256")):
        auth = credentials(library, machines, dpop_key=key)
        answer = library.call(auth, "GET", f"{machines.issuer}/elsewhere", follow=True, hook=True)
        assert answer.status_code == 200
        assert list(machines.live.values())[-1] == key.thumbprint()


def test_a_request_that_is_over_holds_nothing(machines: MachineIssuer) -> None:
    """Neither waits for the collector of cycles: a busy client would pile them up."""
    library = LIBRARIES[0]
    auth = credentials(library, machines)
    gc.collect()
    gc.disable()
    try:
        answer = library.call(auth, "GET", machines.api)
        visit = answer.request.extensions["watchword.client"]
        assert visit() is None
    finally:
        gc.enable()
