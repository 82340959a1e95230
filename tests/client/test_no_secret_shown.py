"""Neither tokens nor secrets get into logs, errors or other hosts, whatever goes wrong (THREATS G11, J42)."""

import logging
import pickle
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote_plus

import pytest
from tests.client.libraries import LIBRARIES, Library
from tests.client.machine_issuer import SECRET, MachineIssuer, machine_issuer

from watchword.client.authentication import choose_authentication
from watchword.client.errors import ClientSettingsError, TokenRequestError
from watchword.client.tokens import TokenSet
from watchword.jose import Key

KEY = Key.generate("ES256", kid="worker-1")


def machine(library: Library, machines: MachineIssuer, **changes: Any) -> Any:
    options: dict[str, Any] = {"client_id": "worker", "client_secret": SECRET, "resource": machines.api} | changes
    given = {name: value for name, value in options.items() if value is not None}
    return library.client_credentials(issuer=machines.issuer, clock=machines.clock, **given)


def person(library: Library, machines: MachineIssuer) -> Any:
    machines.refresh_tokens["refresh-canary"] = None
    return library.refreshing_tokens(
        TokenSet("access-canary", 0.0, (), "refresh-canary"),
        on_renewed=lambda tokens: None,
        issuer=machines.issuer,
        client_id="public",
        resource=machines.api,
        clock=machines.clock,
    )


@pytest.mark.parametrize("way", ["secret", "private key", "bound", "person"])
def test_g11_no_log_of_any_level_holds_what_opens_anything(
    library: Library, machines: MachineIssuer, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    """Those of the HTTP libraries included: success, a refused token, an issuer out of order."""
    machines.client_jwk = KEY.public().to_dict()
    machines.behaviour.api_nonce = "nonce-1" if way == "bound" else None
    with caplog.at_level(1):
        auth = {
            "secret": lambda: machine(library, machines),
            "private key": lambda: machine(library, machines, client_secret=None, private_key=KEY),
            "bound": lambda: machine(library, machines, dpop_key=KEY),
            "person": lambda: person(library, machines),
        }[way]()
        assert library.call(auth, "GET", machines.api).status_code == 200
        machines.behaviour.api_refuses_all = True
        assert library.call(auth, "GET", machines.api).status_code == 401
        machines.behaviour.token_status = 500
        assert library.call(auth, "GET", machines.api).status_code == 401
    secrets = {*machines.live, SECRET, quote_plus(SECRET), "canary", "refresh-", "Basic "}
    secrets |= {form["client_assertion"] for form in machines.token_requests if "client_assertion" in form}
    secrets |= {call.headers["dpop"] for call in machines.calls if "dpop" in call.headers}
    assert len(secrets) > 6
    assert [secret for secret in secrets if secret in caplog.text] == []
    assert any(record.levelno == logging.DEBUG for record in caplog.records)


@pytest.mark.parametrize("token", ["canary\r\nX-Evil: 1", "canary\u20ac", "canary\x00", " canary", "canary \n"])
def test_an_access_token_that_cannot_be_sent_is_refused_and_not_repeated(
    library: Library, machines: MachineIssuer, caplog: pytest.LogCaptureFixture, token: str
) -> None:
    """The HTTP libraries' own errors would repeat it, or send a header of the issuer's choice."""
    machines.behaviour.answer = {"access_token": token}
    with caplog.at_level(1), pytest.raises(TokenRequestError) as refused:
        library.call(machine(library, machines), "GET", machines.api)
    assert "canary" not in f"{refused.value!r} {refused.value.detail} {refused.value.__cause__!r} {caplog.text}"
    assert machines.calls == []


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_secret_that_cannot_be_sent_is_refused_at_once_and_not_repeated(method: str) -> None:
    """So does an environment give a variable whose bytes are not UTF-8; the codec's error holds the whole text."""
    with pytest.raises(ClientSettingsError) as refused:
        choose_authentication("worker", client_secret="canary\udc80", method=method)
    assert refused.value.__suppress_context__
    assert "canary" not in f"{refused.value!r} {refused.value.__cause__!r}"


def test_an_auth_object_cannot_be_pickled(machines: MachineIssuer) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(machine(LIBRARIES[0], machines))


def test_a_redirect_to_another_host_carries_no_bound_token_either(library: Library, machines: MachineIssuer) -> None:
    """The proof too, with the hook; without it the libraries take that along, see test_redirects."""
    with machine_issuer(machines.clock) as stranger:
        machines.behaviour.redirect_to = f"{stranger.issuer}/collect"
        auth = machine(library, machines, dpop_key=KEY)
        library.call(auth, "GET", f"{machines.issuer}/elsewhere", follow=True, hook=True)
    (collected,) = stranger.calls
    assert not {"authorization", "dpop"} & collected.headers.keys()
    assert not any(token in f"{collected}" for token in machines.live)


@contextmanager
def a_log_that_raises() -> Iterator[None]:
    def raises(record: logging.LogRecord) -> bool:
        raise MemoryError(record.name)

    log = logging.getLogger("watchword.client")
    log.addFilter(raises)
    try:
        yield
    finally:
        log.removeFilter(raises)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_log_that_raises_leaves_nobody_waiting(machines: MachineIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watchword.client.token_source.LONG_WAIT", 5.0)
    auth = machine(LIBRARIES[0], machines)
    machines.behaviour.refuse_with = "invalid_client"
    with a_log_that_raises():
        with pytest.raises(TokenRequestError) as refused:
            auth._source.token()
        assert refused.value.error == "invalid_client"
        for thread in threading.enumerate():
            if thread.name == "watchword-tokens":
                thread.join(5)
