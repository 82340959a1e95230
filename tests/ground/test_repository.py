"""Nothing of the machine on which Watchword was written is in what it ships."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Paths below these folders exist on one machine only.
MACHINE_PATHS = re.compile(r"(?<![\w.}/-])/(?:work|root|home|Users|tmp/ww)/\w")

# Every host that may be named: reserved example names, this machine, and where specifications and software are read.
HOSTS = re.compile(
    r"(?:[\w.-]+\.)?(?:example(?:\.\w+)?|invalid|test|internal|localhost)|issuer|127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\]|::1|10(?:\.\d+){3}"
    r"|(?:[\w-]+\.)*(?:rfc-editor\.org|openid\.net|w3\.org|ietf\.org|iana\.org|owasp\.org|nist\.gov|unicode\.org"
    r"|whatwg\.org|python\.org|sqlite\.org|postgresql\.org|apache\.org|mozilla\.org|github\.com|semver\.org)"
    # Names that other people's issuers have in their tokens.
    r"|login\.microsoftonline\.com|sts\.windows\.net|[\w-]+\.eu\.auth0\.com"
)
ADDRESS = re.compile(r"https?://([A-Za-z0-9.\[\]:_-]+?)(?::\d+)?(?=[/\s\"'`)>\],;?#\\]|$)")

# What a lock could say of where packages come from.
OPTIONS = re.compile(r"^\s*-{1,2}(?:i|f|e|index|extra-index|find-links|trusted-host)\b", re.MULTILINE)


def tracked_texts() -> dict[str, str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    texts = {}
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file():
            content = path.read_bytes()
            if b"\0" not in content:
                texts[name] = content.decode()
    return texts


def test_no_tracked_file_names_a_path_of_one_machine() -> None:
    found = [f"{name}: {hit.group()}" for name, text in tracked_texts().items() for hit in MACHINE_PATHS.finditer(text)]
    assert found == []


def test_locks_name_no_index_host_or_path() -> None:
    for name, text in tracked_texts().items():
        if name.startswith("requirements/"):
            assert "://" not in text, name
            assert not re.search(
                r"^\s*-{1,2}(?:i|f|e|index|extra-index|find-links|trusted-host)\b", text, re.MULTILINE
            ), name
        if name.endswith("package-lock.json"):
            assert '"resolved"' not in text, name


def test_every_locked_package_has_hashes() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        for block in re.split(r"\n(?=\S)", path.read_text()):
            if "==" in block.splitlines()[0] and not block.startswith("#"):
                assert "--hash=sha256:" in block, f"{path.name}: {block.splitlines()[0]}"


def test_secrets_and_leftovers_are_not_tracked() -> None:
    for name in tracked_texts():
        assert not re.search(r"(?:^|/)(?:\.watchword|\.venvs?|node_modules|__pycache__|\.env)(?:/|$)", name), name
        assert not name.endswith((".sqlite", ".pyc", ".orig", ".rej", ".log")), name


def test_no_tracked_file_names_a_host_that_readers_could_not_know() -> None:
    found = [
        f"{name}: {hit.group(1)}"
        for name, text in tracked_texts().items()
        if not name.startswith(("src/", "tests/")) and name != "LICENSE"
        for hit in ADDRESS.finditer(text)
        if not HOSTS.fullmatch(hit.group(1))
    ]
    assert found == []
