"""A client that signs who it is; the assertions are checked by PyJWT (O33, O34)."""

import json
import os
from base64 import urlsafe_b64decode
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.client.libraries import LIBRARIES, Library
from tests.client.machine_issuer import MachineIssuer
from tests.client.toy_issuer import shared_key

from watchword.client.authentication import CLIENT_AUTHENTICATIONS
from watchword.client.authentication.private_key_jwt import PrivateKeyJwt
from watchword.client.errors import TokenRequestError
from watchword.client.token_endpoint import FormPost
from watchword.clock import SettableClock
from watchword.jose import Key

NOW = 1_790_000_000.9


def credentials(library: Library, machines: MachineIssuer, key: Key, **changes: Any) -> Any:
    options = {"client_id": "worker", "private_key": key, "resource": machines.api, **changes}
    return library.client_credentials(issuer=machines.issuer, clock=machines.clock, **options)


def assertion_of(key: Key, **changed: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    form = PrivateKeyJwt("worker", key).apply(
        FormPost("https://auth.example.com/token", [("a", "b")]), issuer="https://auth.example.com", now=NOW, **changed
    )
    fields = dict(form.fields)
    assert fields.pop("a") == "b"
    assert fields["client_id"] == "worker"
    header, payload = (json.loads(urlsafe_b64decode(part + "==")) for part in fields["client_assertion"].split(".")[:2])
    return header, payload


def test_a_peer_believes_the_assertion(library: Library, machines: MachineIssuer) -> None:
    key = Key.generate("ES256")
    machines.client_jwk = key.to_dict()
    auth = credentials(library, machines, key)
    assert library.call(auth, "GET", machines.api).status_code == 200
    assert "client_secret" not in machines.token_requests[0]
    assert "authorization" not in machines.token_headers[0]


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES384", "Ed25519"])
def test_a_peer_believes_assertions_of_every_kind_of_key(machines: MachineIssuer, alg: str) -> None:
    key = shared_key(alg)
    machines.client_jwk = key.to_dict()
    assert credentials(LIBRARIES[0], machines, key)._source.token().access_token in machines.live


def test_an_assertion_says_no_more_than_it_must() -> None:
    key = Key.generate("ES256")
    header, payload = assertion_of(key)
    assert header == {"alg": "ES256", "typ": "client-authentication+jwt", "kid": key.kid}
    jti = payload.pop("jti")
    assert payload == {
        "iss": "worker",
        "sub": "worker",
        "aud": "https://auth.example.com",
        "iat": 1_790_000_000,
        "exp": 1_790_000_060,
    }
    assert len(jti) >= 22


def test_its_audience_is_the_issuer_alone_whatever_the_address() -> None:
    """CVE-2025-27370, CVE-2025-27371: an assertion for one issuer is no use at another."""
    key = Key.generate("ES256")
    _, payload = assertion_of(key)
    assert payload["aud"] == "https://auth.example.com"


def test_every_request_has_an_assertion_of_its_own(machines: MachineIssuer, clock: SettableClock) -> None:
    key = Key.generate("ES256")
    machines.client_jwk = key.to_dict()
    auth = credentials(LIBRARIES[0], machines, key)
    auth._source.token()
    clock.advance(295)
    auth._source.token()
    first, second = (form["client_assertion"] for form in machines.token_requests)
    assert first != second


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")  # it is what this test is about
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_r39_threads_and_forked_processes_never_give_two_assertions_one_name() -> None:
    key = Key.generate("ES256")

    def names(count: int) -> list[str]:
        return [assertion_of(key)[1]["jti"] for _ in range(count)]

    names(1)  # whatever is made once is made before the fork
    pipes = []
    for _ in range(3):
        reading, writing = os.pipe()
        if os.fork() == 0:
            try:
                os.write(writing, " ".join(names(200)).encode())
            finally:
                os._exit(0)
        os.close(writing)
        pipes.append(reading)
    with ThreadPoolExecutor(4) as threads:
        found = [name for batch in threads.map(names, [50] * 4) for name in batch]
    for reading in pipes:
        with os.fdopen(reading) as pipe:
            found += pipe.read().split()
        os.wait()
    assert len(set(found)) == len(found) == 800


def test_a_clients_other_key_is_refused(machines: MachineIssuer) -> None:
    machines.client_jwk = Key.generate("ES256").to_dict()
    auth = credentials(LIBRARIES[0], machines, Key.generate("ES256"))
    with pytest.raises(TokenRequestError):
        auth._source.token()


def test_the_key_is_not_shown() -> None:
    key = Key.generate("ES256")
    shown = repr(PrivateKeyJwt("worker", key))
    assert key.to_dict(private=True)["d"] not in shown


def test_every_method_is_registered_under_its_own_name() -> None:
    methods = [each.method for each in CLIENT_AUTHENTICATIONS]
    assert methods == ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
