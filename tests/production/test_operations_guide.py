"""docs/operations.md names commands, metrics and settings that there are."""

import re
from pathlib import Path

import pytest

from watchword import cli, telemetry
from watchword.config import all_options

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/operations.md").read_text()


def test_every_metric_that_an_alarm_names_is_told() -> None:
    named = set(re.findall(r"\bwatchword_[a-z_]+", GUIDE))
    assert len(named) > 8
    assert named <= {metric.name for metric in telemetry.METRICS}


@pytest.mark.parametrize("line", sorted(set(re.findall(r"`watchword ([a-z][a-zA-Z .-]*)`", GUIDE))))
def test_every_command_is_understood(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = [word for word in line.split() if word.islower()]
    assert words[0] in cli.COMMANDS
    with pytest.raises(SystemExit) as ended:
        cli.main([*words, "--help"])
    assert ended.value.code == 0
    capsys.readouterr()


def test_every_setting_is_one() -> None:
    known = {option.key for option in all_options()} | {option.key.partition(".")[2] for option in all_options()}
    named = set(re.findall(r"`((?:revocation|server|tokens)\.[a-z_]+|tls_[a-z]+|trusted_proxies)`", GUIDE))
    assert len(named) > 3
    assert named <= known
