"""Who is where: the service knows the issuer by a name and an address that are not in any token."""

import sys

PORT = 8400
ADDRESS_OF_ISSUER, ADDRESS_OF_SERVICE = "192.0.2.1", "192.0.2.2"
INTERFACE_OF_ISSUER, INTERFACE_OF_SERVICE = "issuer0", "service0"
NAME = "issuer.internal"
INTERNAL = f"http://{NAME}:{PORT}"
METADATA = "/.well-known/openid-configuration"
METADATA_OF_ANOTHER = "/another" + METADATA


def say(line: str) -> None:
    """Tell the test something; it reads our output line by line."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
