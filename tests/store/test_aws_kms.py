"""The master key wrapped by AWS KMS, which moto plays on this machine; botocore is the real one."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from moto.server import ThreadedMotoServer
from tests.conftest import ISSUER, NOW

from watchword.admin import wrapped_master_key
from watchword.admin.reseal import reseal
from watchword.clock import SettableClock
from watchword.store.engine import Store, open_store
from watchword.store.errors import MasterKeyError
from watchword.store.key_providers import aws
from watchword.store.key_providers.aws import AWSKeyProvider
from watchword.store.repositories import wrapped_master_keys
from watchword.store.repositories.installation import check_master_key
from watchword.store.schema import migrate
from watchword.store.sealing import MasterKey

pytestmark = pytest.mark.anyio

REGION = "eu-central-1"


@pytest.fixture(scope="module")
def kms() -> Iterator[str]:
    """The address of a KMS."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def _environment(kms: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL_KMS": kms,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)


def make_key(kms: str) -> str:
    client = boto3.client("kms", endpoint_url=kms, region_name=REGION)
    return str(client.create_key()["KeyMetadata"]["KeyId"])


@pytest.fixture
def provider(kms: str) -> AWSKeyProvider:
    return aws.open_provider(key_reference=make_key(kms), region=REGION)


CONTEXT = {"watchword:installation": "i", "watchword:purpose": "master-key", "watchword:key": "k"}


def test_a_key_is_made_and_opens_for_its_own_context_only(provider: AWSKeyProvider) -> None:
    made = provider.generate(CONTEXT)
    assert len(made.plaintext) == 32
    assert made.plaintext not in made.wrapped
    assert repr(made) == "DataKey()"
    assert provider.unwrap(made.wrapped, CONTEXT) == made.plaintext
    for name in CONTEXT:
        with pytest.raises(MasterKeyError):
            provider.unwrap(made.wrapped, {**CONTEXT, name: "another"})
    with pytest.raises(MasterKeyError):
        provider.unwrap(made.wrapped[:-1] + bytes([made.wrapped[-1] ^ 1]), CONTEXT)


@contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch, code: str) -> Iterator[None]:
    """A KMS that answers everything with this error; moto knows no disabled keys and no roles."""

    class Refusal(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps({"__type": code, "message": "a text of AWS's"}).encode()
            self.send_response(400)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusal) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", f"http://127.0.0.1:{server.server_address[1]}")
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("AccessDeniedException", "does not let this role use the key"),
        ("NotFoundException", "knows no key of the name"),
        ("DisabledException", "is disabled"),
        ("KMSInvalidStateException", "cannot be used in its state"),
        ("InvalidCiphertextException", "damaged, or was wrapped for another"),
        ("IncorrectKeyException", "under another key"),
        ("UnrecognizedClientException", "refuses to open"),
    ],
)
def test_each_refusal_says_what_to_do(monkeypatch: pytest.MonkeyPatch, code: str, sentence: str) -> None:
    with refusing(monkeypatch, code), pytest.raises(MasterKeyError, match=sentence) as refused:
        aws.open_provider(key_reference="k", region=REGION).unwrap(b"wrapped", CONTEXT)
    assert refused.value.detail == code


def test_a_key_that_is_not_there_is_told_by_the_service_itself() -> None:
    with pytest.raises(MasterKeyError, match=r"knows no key of the name in keys\.aws_kms_key_id"):
        aws.open_provider(key_reference="1234abcd-12ab-34cd-56ef-1234567890ab", region=REGION).generate(CONTEXT)


def test_without_credentials_or_a_region_it_says_so(kms: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(MasterKeyError, match="no AWS region"):
        aws.open_provider(key_reference="k", region=None).generate(CONTEXT)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(MasterKeyError, match="no AWS credentials"):
        aws.open_provider(key_reference="k", region=REGION).generate(CONTEXT)


def test_a_service_that_is_not_there_is_told_after_some_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(MasterKeyError, match="does not answer"):
            aws.open_provider(key_reference="k", region=REGION).generate(CONTEXT)


def test_a_service_that_never_answers_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "READ_TIMEOUT", 0.2)
    monkeypatch.setattr(aws, "ATTEMPTS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(MasterKeyError, match="does not answer"):
            aws.open_provider(key_reference="k", region=REGION).generate(CONTEXT)


async def test_a_new_installation_is_made_under_a_wrapped_key(
    provider: AWSKeyProvider, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('kms')}/data.sqlite"
    migrate(url)
    store = open_store(url)
    try:
        with pytest.raises(MasterKeyError, match="run `watchword migrate`"):
            await wrapped_master_key.unwrap(store, provider)
        await wrapped_master_key.ensure(store, provider, issuer=ISSUER, previous=None, now=NOW)
        first = await store.read(lambda connection: wrapped_master_keys.find(connection, "aws"))
        key = await wrapped_master_key.unwrap(store, provider)
        await store.read(lambda connection: check_master_key(connection, key))
        await wrapped_master_key.ensure(store, provider, issuer=ISSUER, previous=None, now=NOW + 1)
        assert await store.read(lambda connection: wrapped_master_keys.find(connection, "aws")) == first
    finally:
        await store.close()


async def test_an_installation_leaves_its_key_file_for_the_service(
    store: Store, master_key: MasterKey, provider: AWSKeyProvider, clock: SettableClock
) -> None:
    with pytest.raises(MasterKeyError, match="previous_master_key_file"):
        await wrapped_master_key.ensure(store, provider, issuer=ISSUER, previous=None, now=NOW)
    with pytest.raises(MasterKeyError, match="not the one this installation"):
        await wrapped_master_key.ensure(store, provider, issuer=ISSUER, previous=MasterKey(bytes(32)), now=NOW)
    both = await wrapped_master_key.ensure(store, provider, issuer=ISSUER, previous=master_key, now=NOW)
    await reseal(store, both, clock=clock)
    alone = await wrapped_master_key.unwrap(store, provider)
    await store.read(lambda connection: check_master_key(connection, alone))


async def test_a_service_that_refuses_makes_no_key(
    store: Store, master_key: MasterKey, provider: AWSKeyProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await wrapped_master_key.ensure(store, provider, issuer=ISSUER, previous=master_key, now=NOW)
    before = await store.read(lambda connection: wrapped_master_keys.find(connection, "aws"))
    with refusing(monkeypatch, "DisabledException"):
        again = aws.open_provider(key_reference=provider.key_reference, region=REGION)
        with pytest.raises(MasterKeyError, match="disabled"):
            await wrapped_master_key.ensure(store, again, issuer=ISSUER, previous=master_key, now=NOW)
        with pytest.raises(MasterKeyError, match="disabled"):
            await wrapped_master_key.unwrap(store, again)
    assert await store.read(lambda connection: wrapped_master_keys.find(connection, "aws")) == before
