"""TLS: modern versions only, renewed without a restart, the client's certificate handed on."""

import asyncio
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from tests.server.certificates import make_certificate

from watchword.server.protocol import WatchwordProtocol
from watchword.server.tls import CertificateFiles, Renewal, new_context

pytestmark = pytest.mark.anyio


def replace_files(target: CertificateFiles, source: CertificateFiles) -> None:
    """As a renewal does it: new files under the old names."""
    source.certificate.replace(target.certificate)
    source.key.replace(target.key)


async def presented(context: ssl.SSLContext) -> bytes:
    """The certificate (DER) that a server with ``context`` shows to a new connection."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    try:
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), ssl=trusting)
        shown = writer.get_extra_info("ssl_object").getpeercert(True)
        writer.close()
        assert isinstance(shown, bytes)
        return shown
    finally:
        server.close()
        await server.wait_closed()


async def test_a_renewed_certificate_is_used_for_new_connections(tmp_path: Path) -> None:
    files, renewed = make_certificate(tmp_path, "old"), make_certificate(tmp_path, "new")
    context = new_context(files)
    renewal = Renewal(files, context)
    before = await presented(context)
    assert not renewal.look()
    replace_files(files, renewed)
    assert renewal.look()
    assert await presented(context) != before
    assert not renewal.look()


async def test_a_renewal_that_is_half_done_leaves_the_old_pair_in_use(tmp_path: Path) -> None:
    files, renewed = make_certificate(tmp_path, "old"), make_certificate(tmp_path, "new")
    context = new_context(files)
    renewal = Renewal(files, context)
    before = await presented(context)
    renewed.certificate.replace(files.certificate)
    assert not renewal.look()
    assert await presented(context) == before
    renewed.key.replace(files.key)
    assert renewal.look()
    assert await presented(context) != before


async def test_a_missing_file_leaves_the_old_pair_in_use(tmp_path: Path) -> None:
    files = make_certificate(tmp_path, "old")
    context = new_context(files)
    renewal = Renewal(files, context)
    files.key.unlink()
    assert not renewal.look()
    await presented(context)


async def test_a_pair_is_loaded_between_handshakes_and_not_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handshake that another thread overtakes would meet the new certificate with the old key."""
    files = make_certificate(tmp_path, "old")
    threads: list[int] = []

    class Watched(Renewal):
        def look(self) -> bool:
            threads.append(threading.get_ident())
            return super().look()

    renewal = Watched(files, new_context(files))
    monkeypatch.setattr("watchword.server.tls.LOOK_SECONDS", 0)
    task = asyncio.create_task(renewal.keep_looking())
    make_certificate(tmp_path, "old")
    while not threads:  # noqa: ASYNC110  the loop looks when it wants to
        await asyncio.sleep(0.01)
    task.cancel()
    assert threads[0] == threading.get_ident()


def test_a_key_that_wants_a_passphrase_is_refused_and_nobody_is_asked(tmp_path: Path) -> None:
    files = make_certificate(tmp_path, "one")
    key = load_pem_private_key(files.key.read_bytes(), None)
    sealed = BestAvailableEncryption(b"secret of the tests")
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed))
    with pytest.raises(ssl.SSLError):
        new_context(files)


def test_old_versions_of_tls_are_not_spoken(tmp_path: Path) -> None:
    context = new_context(make_certificate(tmp_path, "one"))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    old = [cipher["name"] for cipher in context.get_ciphers() if cipher["protocol"] == "TLSv1.2"]
    assert old
    assert all("GCM" in name or "CHACHA20" in name for name in old)


def test_a_pair_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    one, other = make_certificate(tmp_path, "one"), make_certificate(tmp_path, "other")
    with pytest.raises(ssl.SSLError):
        new_context(CertificateFiles(one.certificate, other.key))


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_clients_certificate_reaches_the_application(tmp_path: Path, loop: str) -> None:
    own, client = make_certificate(tmp_path, "server"), make_certificate(tmp_path, "client")
    context = new_context(own)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(client.certificate)
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope.get("extensions", {}).get("tls_client_certificate"))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    config = uvicorn.Config(
        application,
        port=0,
        loop=loop,
        lifespan="off",
        http=WatchwordProtocol,
        log_config=None,
        ssl_context_factory=lambda _config, _default: context,
    )

    async def story() -> bytes:
        server = uvicorn.Server(config)
        task = asyncio.create_task(server._serve())
        while not server.started:  # noqa: ASYNC110  uvicorn offers a flag, no event
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        for with_certificate in (True, False):
            trusting = ssl.create_default_context(cafile=str(own.certificate))
            if with_certificate:
                trusting.load_cert_chain(client.certificate, client.key)
            reader, writer = await asyncio.open_connection("localhost", port, ssl=trusting)
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 204")
            writer.close()
        server.should_exit = True
        await task
        return ssl.PEM_cert_to_DER_cert(client.certificate.read_text())

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        expected = runner.run(story())
    assert seen == [expected, None]
