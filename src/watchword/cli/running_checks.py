"""What the running issuer says of itself on its management listener."""

import json

from watchword.cli.issuer_checks import Seen
from watchword.config import Settings
from watchword.fetch import FetchError, get_bytes

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  compared, not bound


def look_at_running(settings: Settings) -> list[Seen]:
    """Every check of readiness that does not hold; nothing, when it is not configured to say."""
    server = settings.server
    if server.management_port is None:
        return []
    host = _ANYWHERE.get(server.management_listen, server.management_listen)
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    url = f"http://{host}:{server.management_port}/readyz"
    try:
        reply = get_bytes(url, danger_allow_http=True)
        checks = dict(json.loads(reply.body)["checks"])
    except FetchError:
        return [Seen("running issuer", "warning", "does not answer on its management listener", "watchword serve")]
    except (ValueError, KeyError, TypeError):
        return [Seen("running issuer", "problem", f"another program answers at {url}")]
    failing = [str(name) for name, state in checks.items() if state != "ok"]
    if failing:
        return [Seen("running issuer", "problem", f"not ready: {', '.join(failing)}", "look at its log")]
    return [Seen("running issuer", "ok", "ready")]
