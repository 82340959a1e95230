"""The issuer's end: a process in a network namespace of its own that publishes metadata and keys over plain http.

Run as ``python -m tests.verify.two_namespaces.issuer PID`` where ``PID`` is the process of the service's end. Prints
one token that the service should take and one that names the address as its issuer; serves until it is killed.
"""

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from tests.verify.tokens import ISSUER, access_token
from tests.verify.two_namespaces.layout import (
    ADDRESS_OF_ISSUER,
    INTERFACE_OF_ISSUER,
    INTERFACE_OF_SERVICE,
    INTERNAL,
    METADATA,
    METADATA_OF_ANOTHER,
    PORT,
    say,
)

from watchword.jose import Key, KeySet


def connect(service: str) -> None:
    """A cable between the two namespaces, its other end in that of the process ``service``."""
    for command in (
        f"link add {INTERFACE_OF_ISSUER} type veth peer name {INTERFACE_OF_SERVICE} netns {service}",
        f"address add {ADDRESS_OF_ISSUER}/30 dev {INTERFACE_OF_ISSUER}",
        f"link set {INTERFACE_OF_ISSUER} up",
    ):
        subprocess.run(["ip", *command.split()], check=True)


def main() -> None:
    connect(sys.argv[1])
    key = Key.generate("ES256")
    documents = {
        METADATA: {"issuer": ISSUER, "jwks_uri": ISSUER + "/jwks"},
        METADATA_OF_ANOTHER: {"issuer": "https://another.example", "jwks_uri": INTERNAL + "/jwks"},
        "/jwks": KeySet([key.public()]).to_dict(),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = documents.get(self.path)
            body = json.dumps(document).encode()
            self.send_response(404 if document is None else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            del arguments

    server = HTTPServer((ADDRESS_OF_ISSUER, PORT), Handler)
    say(json.dumps([access_token(key), access_token(key, iss=INTERNAL)]))
    server.serve_forever()


if __name__ == "__main__":
    main()
