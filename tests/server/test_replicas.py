"""Several machines behind a load balancer: each is restarted under load, and no client notices (R13)."""

import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from tests.server.load import Load
from tests.server.people import People, register
from tests.server.serving import HOST, Installation, Serving, wait_until

from watchword.cli.local.ports import choose_port

if TYPE_CHECKING:
    from tests.faults.postgres import PostgresServer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgres,
    pytest.mark.anyio,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="HAProxy is not installed"),
]

# As an operator would write it: who does not say that he is ready gets nothing, and who cannot be reached is left for
# another. What has been sent is never sent again.
BALANCER = """
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout check 10s
    retries 3
    option redispatch
    retry-on conn-failure

frontend all
    bind 127.0.0.1:{port}
    default_backend replicas

backend replicas
    balance roundrobin
    option httpchk
    http-check send meth GET uri /readyz hdr Host {host}
    http-check expect status 200
    default-server check inter 100ms fall 1 rise 1
{servers}
"""


@pytest.fixture
def installation(postgres_server: "PostgresServer", tmp_path: Path) -> Iterator[Installation]:
    name = f"replicas_{uuid.uuid4().hex}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    made = Installation(tmp_path, postgres_server.url(name))
    made.make()
    yield made
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Replicas:
    """Two machines, as far as they can tell, and the balancer before them."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self.serving = [Serving(installation) for _ in range(2)]
        port = choose_port(0, hosts=("127.0.0.1",))
        self.base_url = f"http://127.0.0.1:{port}"
        servers = "\n".join(f"    server {one.port} 127.0.0.1:{one.port}" for one in self.serving)
        config = installation.directory / "haproxy.cfg"
        config.write_text(BALANCER.format(port=port, host=HOST, servers=servers))
        self._balancer = subprocess.Popen(["haproxy", "-db", "-f", str(config)], stderr=subprocess.DEVNULL)

    def await_ready(self) -> None:
        for one in self.serving:
            one.await_event("serving")
        wait_until(self._answers)

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.base_url}/readyz", headers={"Host": HOST}, trust_env=False).status_code == 200
        except httpx2.TransportError:
            return False

    def replace(self, number: int) -> None:
        """Another one on the same port, as a restart does."""
        port = self.serving[number].port
        self.serving[number] = Serving(self._installation, environment={"WATCHWORD_SERVER_PORT": str(port)})
        self.serving[number].await_event("serving")

    def close(self) -> None:
        self._balancer.kill()
        self._balancer.wait()
        for one in self.serving:
            one.kill()


@pytest.fixture
def replicas(installation: Installation) -> Iterator[Replicas]:
    made = Replicas(installation)
    yield made
    made.close()


async def test_r13_each_is_restarted_under_load_and_no_request_is_lost(
    installation: Installation, replicas: Replicas
) -> None:
    """Nor a session, a code or a family of refresh tokens."""
    web = register(installation)
    replicas.await_ready()
    async with Load([replicas.base_url], installation.client) as load, People([replicas.base_url], web) as people:
        await load.more(20)
        for number in range(2):
            leaving = replicas.serving[number]
            leaving.send(signal.SIGTERM)
            # The load goes on while it leaves: through the balancer, which has to find out by itself.
            while leaving.process.poll() is None:
                await load.more(4)
                assert not load.failures + people.failures, (load.failures, people.failures, leaving.log())
            assert leaving.process.returncode == 0, leaving.log()
            await load.more(20)
            await people.more(6)
            replicas.replace(number)
            await load.more(40)
            await people.more(6)
    assert not load.failures + people.failures, (load.failures, people.failures)
