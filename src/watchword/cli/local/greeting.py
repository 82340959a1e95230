"""What `watchword up` says once everything answers."""

from dataclasses import dataclass, field

from watchword import __version__
from watchword.cli.local.report import Report
from watchword.cli.terminal import harmless, styled


@dataclass(frozen=True, slots=True)
class Running:
    """What runs, and how to try it. ``setup`` is the link for the first administrator, if there is none yet."""

    issuer: str
    demo_api: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str
    resource: str
    setup: str | None = field(repr=False)

    @property
    def console(self) -> str:
        return f"{self.issuer}/console"

    def members(self) -> dict[str, str | None]:
        """The members of the ready file."""
        return {
            "issuer": self.issuer,
            "console": self.console,
            "setup": self.setup,
            "demo_api": self.demo_api,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "scope": self.scope,
            "resource": self.resource,
        }


def curl_pair(running: Running) -> tuple[str, str]:
    """Two commands: the first gets a token, the second calls the API with it."""
    first = (
        f"TOKEN=$(curl -s {running.issuer}/token -u {running.client_id}:{running.client_secret} \\\n"
        f"  -d grant_type=client_credentials -d scope={running.scope} -d resource={running.resource} \\\n"
        """  | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')"""
    )
    return first, f'curl -s {running.demo_api}/orders -H "Authorization: Bearer $TOKEN"'


def greeting(running: Running, report: Report, *, kept_in: str, warnings: list[str]) -> str:
    """The whole text."""
    lines = [
        "",
        f"  {styled('Watchword', 'bold')} {__version__}  {styled(kept_in, 'dim')}",
        "",
        f"  Issuer      {styled(running.issuer, 'cyan')}",
        f"  Orders API  {styled(running.demo_api, 'cyan')}",
    ]
    lines += [f"  {styled('!', 'yellow')} {harmless(note)}" for note in (*warnings, *report.notes)]
    for client in report.clients:
        lines.append(
            f"  client {harmless(client['name'])}: {client['client_id']} {client['client_secret']} (not shown again)"
        )
    lines.append("")
    if running.setup is not None:
        lines += [
            "  Open this link to make the first admin (it works once, for 15 minutes):",
            "",
            f"    {styled(running.setup, 'bold')}",
        ]
    else:
        made = f" as {harmless(report.admin)}, just made" if report.admin else ""
        lines += [f"  Sign in{made}:", "", f"    {styled(running.console, 'bold')}"]
    first, second = curl_pair(running)
    indented = [f"    {line}" for line in (*first.splitlines(), *second.splitlines())]
    lines += ["", "  Or, in a second terminal, get a token and call the orders API with it:", "", *indented, ""]
    lines.append(styled("  Ctrl-C stops everything.", "dim"))
    return "\n".join(lines)
