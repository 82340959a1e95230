"""A command line that signs its person in through the browser."""

from dataclasses import dataclass

from watchword.console.projects import notes
from watchword.console.projects.project import Facts, Wanted
from watchword.console.projects.rendering import render


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """See `ProjectKind`."""

    name: str = "command-line"
    title: str = "Command line"
    sentence: str = (
        "A program that is handed out keeps no secret, so people sign in through their own browser, which comes back "
        "to a port of their machine."
    )
    flow: str = "Authorization code with PKCE, on a loopback redirect"
    app_port: int = 8540
    api_port: int = 8541

    def wanted(self) -> Wanted:
        """See `ProjectKind.wanted`."""
        return Wanted(
            api_identifier=f"http://localhost:{self.api_port}",
            api_name=notes.NAME,
            scopes=notes.SCOPES,
            client_name="Notes command line",
            public=True,
            redirect_uris=("http://127.0.0.1/callback",),
            sign_in_scopes=("openid", "profile", "offline_access"),
            why=(
                ("Public client", "Whoever has the program could read a secret in it, so it has none."),
                ("PKCE", "Another program on the machine that catches the code cannot redeem it."),
                (
                    "Loopback redirect",
                    "The browser comes back to 127.0.0.1 on whichever port is free; nothing leaves the machine.",
                ),
                (
                    "Offline access",
                    (
                        "The sign-in outlives the browser's session, so that a tool asks once; the person "
                        "agrees to it first."
                    ),
                ),
                ("Rotated refresh tokens", "Each is good once: a copied one is found out and ends the sign-in."),
                ("The system's keyring", "Tokens are kept there, or else in files that only their owner can read."),
            ),
        )

    def files(self, facts: Facts) -> dict[str, str]:
        """See `ProjectKind.files`."""
        return render(facts, "shared", "notes-api", "command-line")
