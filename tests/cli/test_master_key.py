"""The master key at the command line: lost, wrong, open to others, changed, wrapped; in real processes."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from tests.cli.test_restore import is_active, new_service, serving, token_of
from tests.cli.test_serve import API, COMMAND, command, configure, install, serve

from watchword.store.sealing import MasterKey

pytestmark = pytest.mark.slow

REGION = "eu-central-1"


@pytest.fixture
def installed(tmp_path: Path) -> tuple[Path, int]:
    return install(tmp_path, "sqlite:///data.sqlite")


def keys_say(directory: Path, text: str) -> None:
    """Replace what the settings say of master keys, which stands last in them."""
    before, _, _ = (directory / "watchword.toml").read_text().partition("[keys]")
    configure(directory, f"{before}[keys]\n{text}\n")


def reseal(directory: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, "keys", "reseal", "--json", "--config", str(directory / "watchword.toml")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_a_key_that_is_lost_wrong_or_open_to_others_says_what_to_do(installed: tuple[Path, int]) -> None:
    directory, _ = installed
    key = directory / "master.key"
    kept = key.read_bytes()

    def refused() -> str:
        done = serve(directory)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        return done.stderr

    key.chmod(0o640)
    assert "must be closed to others (mode 0600)" in refused()
    key.unlink()
    assert "the master key file is missing: put the right key in its place, from your backup" in refused()
    assert not key.exists(), "no new one is made"
    key.touch(0o600)
    assert "43 characters of base64url" in refused()
    key.unlink()
    MasterKey.generate_file(key)
    assert "not the one this installation was made with: put the right key in its place" in refused()
    key.write_bytes(kept)
    keys_say(directory, 'master_key_file = "master.key"\nprevious_master_key_file = "gone.key"')
    assert "the master key file is missing" in refused()


def test_the_key_is_changed_under_a_running_issuer_though_killed_half_way(installed: tuple[Path, int]) -> None:
    directory, port = installed
    command(directory, "api", "add", API, "--scope", "orders:read=See the orders")
    pair = new_service(directory)
    MasterKey.generate_file(directory / "new.key")
    keys_say(directory, 'master_key_file = "new.key"\nprevious_master_key_file = "master.key"')
    with serving(directory, port) as client:
        token = token_of(client, pair)
        for place in ("reseal.value.before_commit", "reseal.value.after_commit", "reseal.check.before_commit"):
            assert reseal(directory, WATCHWORD_FAILPOINTS=f"{place}=kill").returncode == -signal.SIGKILL
            assert is_active(client, pair, token)
            assert is_active(client, pair, token_of(client, pair))
        findings = json.loads(doctor(directory))
        assert [one["next_step"] for one in findings if one["what"] == "master key"] == ["watchword keys reseal"]
        done = json.loads(reseal(directory).stdout)
        assert done["moved"] == 0, "all values had been moved, but for the check"
        assert not done["was_done"]
        assert json.loads(reseal(directory).stdout)["was_done"]
        assert is_active(client, pair, token_of(client, pair))
    keys_say(directory, 'master_key_file = "new.key"')
    with serving(directory, port) as client:
        assert is_active(client, pair, token), "the same keys"
        assert is_active(client, pair, token_of(client, pair))
    keys_say(directory, 'master_key_file = "master.key"')
    assert "not the one this installation was made with" in serve(directory).stderr


def doctor(directory: Path) -> str:
    return subprocess.run(
        [*COMMAND, "doctor", "--json", "--config", str(directory / "watchword.toml")],
        capture_output=True,
        text=True,
        check=False,
    ).stdout


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a key in an AWS KMS on this machine, which the processes will ask."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    yield str(boto3.client("kms", region_name=REGION).create_key()["KeyMetadata"]["KeyId"])
    server.stop()


def test_from_a_file_to_a_service_which_then_is_needed_at_a_start_only(
    installed: tuple[Path, int], kms: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, port = installed
    command(directory, "api", "add", API, "--scope", "orders:read=See the orders")
    pair = new_service(directory)
    wrapped = f'kms = "aws"\naws_kms_key_id = "{kms}"\naws_region = "{REGION}"'
    keys_say(directory, wrapped)
    assert "no master key was wrapped by `aws` yet: run `watchword migrate`" in serve(directory).stderr
    keys_say(directory, f'{wrapped}\nprevious_master_key_file = "master.key"')
    command(directory, "migrate")
    assert reseal(directory).returncode == 0
    keys_say(directory, wrapped)
    (directory / "master.key").unlink()
    with serving(directory, port) as client:
        assert is_active(client, pair, token_of(client, pair))
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:9")
        refused = serve(directory)
        assert refused.returncode == 1
        assert "AWS KMS does not answer" in refused.stderr
        assert is_active(client, pair, token_of(client, pair)), "what runs goes on"


def test_nothing_of_aws_is_loaded_where_it_is_not_wanted() -> None:
    script = "import watchword.wiring, sys; print([name for name in sys.modules if name.startswith('boto')])"
    done = subprocess.run([COMMAND[0], "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
