"""The service's end: a process in network and mount namespaces of its own that verifies tokens.

Run as ``python -m tests.verify.two_namespaces.service HOSTS``. Says that it is there, reads the issuer's tokens from
its input, and prints what became of each attempt: the subject, or the code of the refusal.
"""

import json
import subprocess
import sys
from typing import Unpack

from tests.verify.tokens import API, ISSUER, NOW
from tests.verify.two_namespaces.layout import (
    ADDRESS_OF_SERVICE,
    INTERFACE_OF_SERVICE,
    INTERNAL,
    METADATA,
    METADATA_OF_ANOTHER,
    say,
)

from watchword.clock import SettableClock
from watchword.errors import WatchwordError
from watchword.verify import Verifier
from watchword.verify.options import VerifierOptions


def connect(hosts: str) -> None:
    """Plug the cable in, and give the issuer its name here; both end with this process."""
    for command in (
        f"mount --bind {hosts} /etc/hosts",
        f"ip address add {ADDRESS_OF_SERVICE}/30 dev {INTERFACE_OF_SERVICE}",
        f"ip link set {INTERFACE_OF_SERVICE} up",
    ):
        subprocess.run(command.split(), check=True)


def attempt(token: str, **options: Unpack[VerifierOptions]) -> str:
    everything: VerifierOptions = {"issuer": ISSUER, "audience": API, "clock": SettableClock(NOW)}
    everything.update(options)
    try:
        return Verifier(**everything).verify(token).sub
    except WatchwordError as error:
        return error.code


def main() -> None:
    say("ready")
    good, of_the_address = json.loads(sys.stdin.readline())
    connect(sys.argv[1])
    metadata, another, jwks = INTERNAL + METADATA, INTERNAL + METADATA_OF_ANOTHER, INTERNAL + "/jwks"
    outcomes = {
        "metadata at another name": attempt(good, metadata_url=metadata, danger_allow_http=True),
        "keys at another name": attempt(good, jwks_url=jwks, danger_allow_http=True),
        "metadata, http not allowed": attempt(good, metadata_url=metadata),
        "keys, http not allowed": attempt(good, jwks_url=jwks),
        "metadata of another issuer": attempt(good, metadata_url=another, danger_allow_http=True),
        "the issuer's own name": attempt(good, danger_allow_http=True),
        "a token that names the address": attempt(of_the_address, metadata_url=metadata, danger_allow_http=True),
    }
    say(json.dumps(outcomes))


if __name__ == "__main__":
    main()
