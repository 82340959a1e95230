"""The auth classes at this project's own issuer, in processes of its own, and at the API that its guard protects."""

from collections.abc import Iterator

import httpx2
import pytest
from tests.client.libraries import Library
from tests.e2e.conftest import CALLBACK, PASSWORD, WEB_CLIENT, seed_text
from tests.e2e.installation import Installation, start
from tests.e2e.person import Person

from watchword.client.browser_login import RelyingParty, begin, finish
from watchword.client.discovery import discover
from watchword.client.errors import NotSignedInError, TokenRequestError, UntrustedOriginError
from watchword.client.sign_out import revoke
from watchword.client.tokens import TokenSet

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    directory = tmp_path_factory.mktemp("up")
    (directory / "seed.toml").write_text(seed_text())
    installation = start(directory, "--port", "0", "--demo-port", "0", "--seed", str(directory / "seed.toml"))
    yield installation
    assert installation.stop() == 0, installation.output()


def test_a_machine_calls_a_guarded_api(running: Installation, library: Library) -> None:
    auth = library.client_credentials(
        issuer=running.issuer,
        client_id=running.ready["client_id"],
        client_secret=running.ready["client_secret"],
        resource=running.ready["resource"],
        origins=[running.demo_api],
        scopes=["orders:read"],
    )
    placed = library.call(auth, "POST", f"{running.demo_api}/orders", json={"item": library.name})
    assert placed.status_code == 403  # its token says orders:read
    assert library.call(auth, "GET", f"{running.demo_api}/orders").status_code == 200
    assert auth.granted_scopes == ("orders:read",)
    assert httpx2.get(f"{running.demo_api}/orders", trust_env=False).status_code == 401
    with pytest.raises(UntrustedOriginError):
        library.call(auth, "GET", "https://example.com/orders")


def test_a_wrong_secret_is_refused(running: Installation, library: Library) -> None:
    auth = library.client_credentials(
        issuer=running.issuer,
        client_id=running.ready["client_id"],
        client_secret="wrong",
        resource=running.ready["resource"],
        origins=[running.demo_api],
    )
    with pytest.raises(TokenRequestError, match="invalid_client"):
        library.call(auth, "GET", f"{running.demo_api}/orders")


def test_a_persons_tokens_are_renewed_until_the_login_is_withdrawn(running: Installation, library: Library) -> None:
    client_id, secret = WEB_CLIENT
    resource = running.ready["resource"]
    party = RelyingParty(discover(running.issuer), client_id, CALLBACK, secret)
    pending = begin(party, scopes=["offline_access", "orders:read"], resources=[resource])
    person = Person("alice", PASSWORD)
    try:
        back = person.visit(pending.url, CALLBACK)
    finally:
        person.close()
    login = finish(party, pending, back.partition("?")[2])
    stored: list[TokenSet] = []
    ended = TokenSet(login.access_token, 0.0, login.scopes, login.refresh_token, None, login.subject)
    auth = library.refreshing_tokens(
        ended,
        on_renewed=stored.append,
        issuer=running.issuer,
        client_id=client_id,
        client_secret=secret,
        resource=resource,
        origins=[running.demo_api],
    )
    assert library.call(auth, "GET", f"{running.demo_api}/orders").status_code == 200
    assert len(stored) == 1
    assert stored[0].access_token != login.access_token
    assert stored[0].subject == login.subject

    revoke(party, stored[0])
    again = library.refreshing_tokens(
        TokenSet("ended", 0.0, (), stored[0].refresh_token),
        on_renewed=stored.append,
        issuer=running.issuer,
        client_id=client_id,
        client_secret=secret,
        resource=resource,
        origins=[running.demo_api],
    )
    with pytest.raises(NotSignedInError, match="sign in again"):
        library.call(again, "GET", f"{running.demo_api}/orders")
