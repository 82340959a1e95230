"""The parts of `watchword up`, one by one."""

import os
import signal
import socket
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from watchword.cli.local.directory import DataDirectory
from watchword.cli.local.errors import LocalError
from watchword.cli.local.names import load_or_choose
from watchword.cli.local.ports import choose_port, is_free
from watchword.cli.local.report import Receiver, Report, send
from watchword.cli.local.settings_file import recorded_ports, write_settings
from watchword.config import load
from watchword.store.whole_file import replace_whole


@pytest.fixture
def taken() -> "socket.socket":
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    return sock


def test_a_busy_port_leads_to_the_next_free_one(taken: socket.socket) -> None:
    with taken:
        port = taken.getsockname()[1]
        assert not is_free(port, host="localhost")
        assert port < choose_port(port, hosts=("localhost",)) < port + 200


def test_a_promised_port_is_not_taken() -> None:
    port = choose_port(0, hosts=("localhost",))
    assert choose_port(port, hosts=("localhost",)) == port
    assert choose_port(port, hosts=("localhost",), avoid={port}) > port


def test_a_port_that_only_one_loopback_address_has_free_is_busy() -> None:
    with socket.socket(socket.AF_INET6) as other:
        try:
            other.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        other.listen()
        assert not is_free(other.getsockname()[1], host="localhost")


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(LocalError, match="cannot listen"):
        choose_port(8400, hosts=("192.0.2.1",))


def test_the_data_directory_is_closed_ignored_and_locked(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "data"
    with DataDirectory(path) as directory:
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert (path / ".gitignore").read_text() == "*\n"
        with pytest.raises(LocalError, match=f"process {os.getpid()}"):
            DataDirectory(path)
        assert not directory.is_ephemeral
    with DataDirectory(path):
        pass


def test_a_directory_that_others_could_read_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.mkdir(0o755)
    with DataDirectory(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_directory_with_other_things_in_it_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "project"
    path.mkdir()
    path.chmod(0o755)
    (path / "app.py").touch()
    with pytest.raises(LocalError, match="holds other things"):
        DataDirectory(path)
    assert [entry.name for entry in path.iterdir()] == ["app.py"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives directories away")
def test_somebody_elses_directory_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "theirs"
    path.mkdir()
    os.chown(path, 12345, 12345)
    with pytest.raises(LocalError, match="belongs to another user"):
        DataDirectory(path)
    assert list(path.iterdir()) == []


def test_a_directory_is_known_without_symbolic_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with DataDirectory(tmp_path / "link") as directory:
        assert directory.database == tmp_path.resolve() / "real" / "watchword.sqlite"


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalError, match="cannot be used"):
        DataDirectory(tmp_path / "file" / "data")


def test_an_ephemeral_directory_is_removed() -> None:
    with DataDirectory(None) as directory:
        path = directory.path
        (path / "x").touch()
    assert not path.exists()


def test_a_private_file_is_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    path.write_text("old")
    path.chmod(0o644)
    replace_whole(path, b"new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_names_are_chosen_once(tmp_path: Path) -> None:
    path = tmp_path / "quickstart.json"
    names = load_or_choose(path)
    assert load_or_choose(path) == names
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names.demo_secret not in repr(names)
    path.write_text('{"api_id": 1}')
    with pytest.raises(LocalError, match="damaged"):
        load_or_choose(path)
    path.write_text("{")
    with pytest.raises(LocalError, match="cannot be read"):
        load_or_choose(path)


def test_the_written_settings_are_the_ones_that_are_read(tmp_path: Path) -> None:
    odd = tmp_path / 'odd "name" \\ ü 🗝'
    odd.mkdir()
    path = odd / "watchword.toml"
    assert recorded_ports(path) == (None, None)
    write_settings(
        path,
        {
            "server": {"issuer": "http://localhost:8402", "port": 8402, "hosts": ("localhost:8402",)},
            "database": {"url": f"sqlite:///{odd}/data.sqlite"},
            "local": {"demo_url": "http://localhost:8405"},
        },
    )
    tomllib.loads(path.read_text())
    settings = load(path, {}).settings
    assert settings.database.url == f"sqlite:///{odd}/data.sqlite"
    assert recorded_ports(path) == (8402, 8405)


def test_the_report_goes_through_the_pipe() -> None:
    receiver = Receiver()
    assert receiver.poll(0) is None
    report = Report(notes=("x" * 100_000,), setup="ww_setup_canary", clients=({"name": "App"},))
    pid = os.fork()
    if pid == 0:
        send(receiver.write, report)
        os._exit(0)
    receiver.close_write()
    received = None
    while received is None:
        received = receiver.poll(5)
    os.waitpid(pid, 0)
    assert received == report
    assert "canary" not in repr(received)


def test_a_child_that_dies_before_its_report_is_noticed() -> None:
    receiver = Receiver()
    receiver.close_write()
    with pytest.raises(EOFError):
        receiver.poll(5)


def test_a_process_ends_when_its_leash_is_let_go() -> None:
    watched, held = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "watchword.cli.local.leash", str(watched), "http.server", "--bind", "127.0.0.1", "0"],
        pass_fds=[watched],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(watched)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    os.close(held)
    assert process.wait(10) == -signal.SIGTERM
