"""Whose attempts are counted together (THREATS O51)."""

import pytest

from watchword.authn.client_address import UNKNOWN, client_address

PROXIES = ("10.0.0.0/8", "fd00::1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.1.2.3", ["198.51.100.1"], "198.51.100.1"),
        ("10.1.2.3", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("10.1.2.3", ["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
        ("10.1.2.3", ["198.51.100.1, 10.9.9.9"], "198.51.100.1"),
        ("10.1.2.3", ["10.8.8.8, 10.9.9.9"], "10.8.8.8"),
        ("10.1.2.3", [], "10.1.2.3"),
        ("10.1.2.3", ["rubbish"], "10.1.2.3"),
        ("10.1.2.3", ["1.1.1.1, rubbish"], "10.1.2.3"),
        ("10.1.2.3", [""], "10.1.2.3"),
        ("10.1.2.3", ["198.51.100.1:443"], "10.1.2.3"),
        ("::ffff:10.1.2.3", ["198.51.100.1"], "198.51.100.1"),
        ("fd00::1", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
        ("2001:db8:1:2:aaaa::1", [], "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", [], "2001:db8:1:2::/64"),
        ("2001:db8:1:3::2", [], "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.9", [], "203.0.113.9"),
        (None, ["198.51.100.1"], UNKNOWN),
        ("testclient", ["198.51.100.1"], UNKNOWN),
    ],
)
def test_headers_count_only_from_trusted_proxies(peer: str | None, forwarded: list[str], expected: str) -> None:
    """O51 (authentik CVE-2024-47070): spoofed, unparsable and prepended entries."""
    assert client_address(peer, forwarded, trusted_proxies=PROXIES) == expected
