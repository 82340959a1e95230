"""The inspector's server side: who may see it, and what a verification answers."""

import html
import json
import logging
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from sqlalchemy import Connection, delete, select
from tests.console.inspector import API, NOW, issued
from tests.console.running import GOOD, ORIGIN, Console, hidden

from watchword.admin.users import ADMIN_ROLE
from watchword.fetch import InProcessAnswer, InProcessRequest, danger_answer_in_process
from watchword.issuer.revocation import withdraw
from watchword.jose import Key, KeySet, jwt
from watchword.store.repositories import roles, users
from watchword.store.repositories.audit import Actor
from watchword.store.tables import metadata, signing_keys

pytestmark = pytest.mark.anyio

STRANGER = "https://auth.stranger.example"


def claims(issuer: str = ORIGIN, **changed: Any) -> dict[str, Any]:
    base = {
        "iss": issuer, "aud": API, "sub": "c-1", "client_id": "c-1", "scope": "", "jti": "t-1",
        "iat": NOW, "exp": NOW + 300,
    }  # fmt: skip
    return {name: value for name, value in {**base, **changed}.items() if value is not None}


async def ask(console: Console, token: str, **fields: str) -> httpx2.Response:
    page = await console.browser.get("/console/inspect")
    form = {"csrf_token": hidden(page, "csrf_token"), "token": token, "whose": "own", "kind": "rfc9068", **fields}
    return await console.browser.post("/console/inspect", data=form)


def results(answer: httpx2.Response) -> dict[str, str]:
    """What each check came to."""
    return dict(re.findall(r'data-check="(\w+)" data-result="(\w+)"', answer.text))


def failed(answer: httpx2.Response) -> list[str]:
    return [name for name, result in results(answer).items() if result == "fails"]


async def test_only_admins_see_it(console: Console) -> None:
    answer = await console.browser.get("/console/inspect")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in?to=%2Fconsole%2Finspect")
    form = {"csrf_token": hidden(await console.browser.get("/login"), "csrf_token"), "token": "x"}
    answer = await console.browser.post("/console/inspect", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in?to=%2Fconsole%2Finspect")
    await console.sign_in()
    form["csrf_token"] = hidden(await console.browser.get("/console/inspect"), "csrf_token")
    assert (await console.browser.post("/console/inspect", data=form)).status_code == 200

    def demote(connection: Connection) -> None:
        user = users.find_by_identifier(connection, GOOD["email"])
        assert user is not None
        roles.remove(connection, user.id, ADMIN_ROLE)

    await console.store.write(demote)
    for answer in (
        await console.browser.get("/console/inspect"),
        await console.browser.post("/console/inspect", data=form),
    ):
        assert answer.status_code == 403
        assert "The console is for admins" in answer.text


async def test_the_page_lets_no_script_send_and_no_stranger_run(console: Console) -> None:
    await console.sign_in()
    answer = await console.browser.get("/console/inspect")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "connect-src" not in policy
    assert answer.headers["cache-control"] == "no-store"
    home = await console.browser.get("/console")
    assert "script-src" not in home.headers["content-security-policy"]
    assert 'href="/console/inspect"' in home.text


async def test_a_forged_form_verifies_nothing(console: Console) -> None:
    """O17."""
    await console.sign_in()
    answer = await console.browser.post("/console/inspect", data={"csrf_token": "x", "token": "a.b.c"})
    assert answer.status_code == 403
    assert "a.b.c" not in answer.text


async def test_a_token_of_ours_holds_until_it_is_withdrawn(console: Console) -> None:
    await console.sign_in()
    token = await issued(console)
    answer = await ask(console, f"Authorization: Bearer {token[:50]}\n {token[50:]}", audience=API)
    assert answer.status_code == 200
    assert set(results(answer).values()) == {"holds"}
    assert "Verified" in answer.text

    def revoke(connection: Connection) -> None:
        withdraw.everything(connection, reason="test", actor=Actor("operator"), now=NOW)

    await console.store.write(revoke)
    # Everything: the console's own sign-in too, which its issuer's session renews without a question.
    assert (await console.browser.get("/console/inspect")).status_code == 303
    assert await console.follow("/console/inspect") == "/console/inspect"
    refused = await ask(console, token, audience=API)
    assert failed(refused) == ["withdrawn"]
    assert "token_revoked" in refused.text


async def test_nothing_of_a_token_is_stored(console: Console) -> None:
    await console.sign_in()
    token = await issued(console)
    await ask(console, token, audience=API)

    def dump(connection: Connection) -> str:
        return "\n".join(str(row) for table in metadata.sorted_tables for row in connection.execute(select(table)))

    stored = await console.store.read(dump)
    assert "Ada Lovelace" in stored
    for part in token.split(".")[1:]:
        assert part not in stored


@contextmanager
def stranger(key: Key, published: dict[str, Any] | None = None, **members: Any) -> Iterator[list[str]]:
    """Another issuer, answering in this process; gives what it was asked."""
    asked = []

    def answer(request: InProcessRequest) -> InProcessAnswer:
        asked.append(f"{request.url} {dict(request.headers)} {request.body!r}")
        documents: dict[str, Any] = {
            "/.well-known/openid-configuration": {"issuer": STRANGER, "jwks_uri": f"{STRANGER}/keys", **members},
            "/keys": published or KeySet([key]).to_dict(),
        }
        return InProcessAnswer(200, {"Content-Type": "application/json"}, json.dumps(documents[request.path]).encode())

    with danger_answer_in_process(STRANGER, answer):
        yield asked


async def test_a_strangers_token_is_verified_with_the_keys_it_publishes(
    console: Console, caplog: pytest.LogCaptureFixture
) -> None:
    """The stranger is not shown the token, and neither is any log."""
    caplog.set_level(logging.DEBUG)
    await console.sign_in()
    key = Key.generate("ES256")
    token = jwt.encode(claims(STRANGER), key, typ="at+jwt")
    with stranger(key) as asked:
        answer = await ask(console, token, whose="other", issuer=STRANGER, audience=API)
    found = results(answer)
    assert found.pop("withdrawn") == "skipped"
    assert set(found.values()) == {"holds"}
    assert len(asked) == 2
    for part in token.split("."):
        assert part not in "".join(asked)
        assert part not in caplog.text


async def test_without_an_audience_that_check_is_not_made(console: Console) -> None:
    await console.sign_in()
    key = Key.generate("ES256")
    with stranger(key):
        answer = await ask(console, jwt.encode(claims(STRANGER), key, typ="at+jwt"), whose="other", issuer=STRANGER)
    assert results(answer)["audience"] == "skipped"
    assert failed(answer) == []


@pytest.mark.parametrize(
    ("changed", "typ", "check", "code"),
    [
        ({"aud": "https://other.example"}, "at+jwt", "audience", "audience_mismatch"),
        ({"iss": "https://other.example"}, "at+jwt", "issuer", "issuer_mismatch"),
        ({"exp": NOW - 1}, "at+jwt", "times", "token_expired"),
        ({"nbf": NOW + 100}, "at+jwt", "times", "token_not_yet_valid"),
        ({"exp": None}, "at+jwt", "times", "claim_invalid"),
        ({"client_id": None}, "at+jwt", "contents", "claim_invalid"),
        ({"jti": None}, "at+jwt", "contents", "claim_invalid"),
        ({"sub": None}, "at+jwt", "names", "claim_invalid"),
        ({"cnf": {"jkt": "x" * 43}}, "at+jwt", "proof", "sender_proof_missing"),
        ({}, "JWT", "type", "type_mismatch"),
    ],
)
async def test_each_refusal_is_shown_at_its_check(
    console: Console, changed: dict[str, Any], typ: str, check: str, code: str
) -> None:
    await console.sign_in()
    key = Key.generate("ES256")
    with stranger(key):
        token = jwt.encode(claims(STRANGER, **changed), key, typ=typ)
        answer = await ask(console, token, whose="other", issuer=STRANGER, audience=API)
    assert failed(answer) == [check]
    assert f"<code>{code}</code>" in answer.text
    listed = list(results(answer))
    after = [results(answer)[name] for name in listed[listed.index(check) + 1 :]]
    assert set(after) <= {"open", "skipped"}


async def test_what_no_key_could_save_is_refused_before_anything_is_fetched(console: Console) -> None:
    await console.sign_in()
    secret = Key.generate("HS256")
    with stranger(Key.generate("ES256")) as asked:
        forged = await ask(console, jwt.encode(claims(STRANGER), secret), whose="other", issuer=STRANGER)
        broken = await ask(console, "a.b.c", whose="other", issuer=STRANGER)
    assert (failed(forged), failed(broken), asked) == (["algorithm"], ["form"], [])
    assert "algorithm_not_allowed" in forged.text


async def test_a_changed_character_breaks_the_signature(console: Console) -> None:
    await console.sign_in()
    key = Key.generate("ES256")
    head, body, signature = jwt.encode(claims(STRANGER), key, typ="at+jwt").split(".")
    changed = signature[:-9] + ("A" if signature[-9] != "A" else "B") + signature[-8:]
    with stranger(key):
        answer = await ask(console, f"{head}.{body}.{changed}", whose="other", issuer=STRANGER)
    assert failed(answer) == ["signature"]


async def test_an_id_token_is_verified_as_one(console: Console) -> None:
    await console.sign_in()
    key = Key.generate("RS256")
    token = jwt.encode(
        {"iss": STRANGER, "aud": "web", "sub": "u", "nonce": "n", "iat": NOW, "exp": NOW + 60}, key, typ="JWT"
    )
    with stranger(key):
        answer = await ask(console, token, whose="other", issuer=STRANGER, audience="web", kind="id_token")
        other = await ask(console, token, whose="other", issuer=STRANGER, audience="spa", kind="id_token")
    assert failed(answer) == []
    assert failed(other) == ["audience"]


async def test_keys_that_name_no_algorithm_serve_where_the_profile_has_one(console: Console) -> None:
    """Entra ID publishes such keys."""
    await console.sign_in()
    key = Key.generate("RS256")
    published = {"keys": [{name: value for name, value in key.to_dict().items() if name != "alg"}]}
    body = {
        "iss": STRANGER, "aud": "web", "sub": "u", "ver": "2.0", "azp": "c", "azpacr": "1", "scp": "a",
        "iat": NOW, "exp": NOW + 60,
    }  # fmt: skip
    with stranger(key, published):
        entra = await ask(console, jwt.encode(body, key), whose="other", issuer=STRANGER, audience="web", kind="entra")
        identity = {name: body[name] for name in ("iss", "aud", "sub", "iat", "exp")}
        token = jwt.encode(identity, key)
        id_token = await ask(console, token, whose="other", issuer=STRANGER, audience="web", kind="id_token")
    assert (failed(entra), failed(id_token)) == ([], [])


async def test_without_keys_of_our_own_that_is_said(console: Console) -> None:
    await console.sign_in()
    page = await console.browser.get("/console/inspect")
    await console.store.write(lambda connection: connection.execute(delete(signing_keys)))
    await console.desk.keys.refresh()
    token = jwt.encode(claims(), Key.generate("ES256"), typ="at+jwt")
    form = {"csrf_token": hidden(page, "csrf_token"), "token": token, "whose": "own", "kind": "rfc9068"}
    assert failed(await console.browser.post("/console/inspect", data=form)) == ["keys"]


@pytest.mark.parametrize(
    "issuer",
    [
        "http://127.0.0.1:9",
        "https://127.0.0.1:9",
        "https://localhost",
        "https://10.0.0.1",
        "https://[::1]",
        "file:///x",
    ],
)
async def test_a_stranger_is_not_fetched_from_inside(console: Console, issuer: str) -> None:
    """J86, J87: neither this machine nor its network can be reached through the page."""
    await console.sign_in()
    token = jwt.encode(claims(issuer), Key.generate("ES256"), typ="at+jwt")
    answer = await ask(console, token, whose="other", issuer=issuer)
    assert failed(answer) == ["keys"]
    assert "keys_unavailable" in answer.text


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_service_on_this_machine_hears_nothing(console: Console, scheme: str) -> None:
    """J86: not even a connection is made."""
    await console.sign_in()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        issuer = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        token = jwt.encode(claims(issuer), Key.generate("ES256"), typ="at+jwt")
        answer = await ask(console, token, whose="other", issuer=issuer)
        assert failed(answer) == ["keys"]
        with pytest.raises(BlockingIOError):
            listener.accept()


async def test_a_stranger_is_not_reached_on_its_own_network(console: Console) -> None:
    """J87: a public name that leads to a key set inside is as little fetched."""
    await console.sign_in()
    key = Key.generate("ES256")
    with stranger(key, jwks_uri="https://10.0.0.1/keys"):
        answer = await ask(console, jwt.encode(claims(STRANGER), key, typ="at+jwt"), whose="other", issuer=STRANGER)
    assert failed(answer) == ["keys"]


async def test_metadata_that_speaks_for_another_issuer_is_not_believed(console: Console) -> None:
    """J91."""
    await console.sign_in()
    key = Key.generate("ES256")
    with stranger(key, issuer="https://other.example"):
        answer = await ask(console, jwt.encode(claims(STRANGER), key, typ="at+jwt"), whose="other", issuer=STRANGER)
    assert failed(answer) == ["keys"]
    assert "the metadata is of another issuer" in answer.text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"token": " "}, "Paste a token first."),
        ({"token": "a.b.c", "whose": "other"}, "Name the issuer whose keys are to be used."),
        ({"token": "a.b.c", "kind": "x"}, "The kind is one of the list."),
    ],
)
async def test_what_is_missing_is_said(console: Console, fields: dict[str, str], sentence: str) -> None:
    await console.sign_in()
    answer = await ask(console, **fields)
    assert answer.status_code == 422
    assert sentence in html.unescape(answer.text)
