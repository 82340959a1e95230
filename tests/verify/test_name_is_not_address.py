"""A name is not an address: issuer and service in network namespaces of their own, where the issuer goes by another
name than in its tokens (THREATS J86, J91).

The namespaces belong to the two processes and end with them; nothing of this machine is changed.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from tests.verify.two_namespaces.layout import ADDRESS_OF_ISSUER, NAME

ROOT = Path(__file__).parents[2]
OF_ITS_OWN = ["unshare", "--net", "--mount", "--"]


def why_not() -> str | None:
    """What keeps this machine from making namespaces."""
    missing = [tool for tool in ("unshare", "ip", "mount") if shutil.which(tool) is None]
    if missing:
        return "needs util-linux and iproute2: there is no " + ", ".join(missing)
    command = "ip link add issuer0 type veth peer name service0"
    tried = subprocess.run([*OF_ITS_OWN, *command.split()], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else "needs root and network namespaces: " + tried.stderr.strip()


@contextmanager
def running(module: str, argument: str) -> Iterator["subprocess.Popen[str]"]:
    """A process in namespaces of its own, ended in any case."""
    command = [*OF_ITS_OWN, sys.executable, "-m", f"tests.verify.two_namespaces.{module}", argument]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(stream: IO[str] | None) -> str:
    assert stream is not None
    line = stream.readline()
    assert line, "the process ended"
    return line


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What became of each attempt of the service."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    hosts = tmp_path_factory.mktemp("service") / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n{ADDRESS_OF_ISSUER} {NAME}\n")
    with running("service", str(hosts)) as service:
        assert line_of(service.stdout) == "ready\n"
        with running("issuer", str(service.pid)) as issuer:
            tokens = line_of(issuer.stdout)
            assert service.stdin is not None
            service.stdin.write(tokens)
            service.stdin.flush()
            found: dict[str, str] = json.loads(line_of(service.stdout))
            return found


@pytest.mark.parametrize("attempt", ["metadata at another name", "keys at another name"])
def test_tokens_are_verified_though_their_issuer_has_another_name_here(outcomes: dict[str, str], attempt: str) -> None:
    assert outcomes[attempt] == "user-1"


@pytest.mark.parametrize("attempt", ["metadata, http not allowed", "keys, http not allowed"])
def test_j86_plain_http_to_another_machine_is_refused_at_construction(outcomes: dict[str, str], attempt: str) -> None:
    assert outcomes[attempt] == "verifier_misconfigured"


def test_j91_metadata_that_speaks_for_another_issuer_is_not_believed(outcomes: dict[str, str]) -> None:
    assert outcomes["metadata of another issuer"] == "keys_unavailable"


def test_the_issuers_own_name_leads_nowhere_here(outcomes: dict[str, str]) -> None:
    assert outcomes["the issuer's own name"] == "keys_unavailable"


def test_a_token_that_names_the_address_is_of_another_issuer(outcomes: dict[str, str]) -> None:
    assert outcomes["a token that names the address"] == "issuer_mismatch"
