"""A server-side web app and its API."""

from dataclasses import dataclass

from watchword.console.projects import notes
from watchword.console.projects.project import Facts, Wanted
from watchword.console.projects.rendering import render


@dataclass(frozen=True, slots=True, kw_only=True)
class WebApp:
    """See `ProjectKind`."""

    name: str = "web-app"
    title: str = "Server-side web app"
    sentence: str = (
        "Pages are made on a server that can keep a secret, so people sign in with a code that only this server can "
        "redeem, and tokens never leave it."
    )
    flow: str = "Authorization code with PKCE"
    app_port: int = 8510
    api_port: int = 8511

    def wanted(self) -> Wanted:
        """See `ProjectKind.wanted`."""
        origin = f"http://localhost:{self.app_port}"
        return Wanted(
            api_identifier=f"http://localhost:{self.api_port}",
            api_name=notes.NAME,
            scopes=notes.SCOPES,
            client_name="Notes web app",
            public=False,
            redirect_uris=(f"{origin}/callback",),
            post_logout_redirect_uris=(f"{origin}/",),
            sign_in_scopes=("openid", "profile"),
            why=(
                (
                    "Authorization code",
                    "The browser carries a code of one use, and no token ever stands in an address.",
                ),
                (
                    "PKCE",
                    (
                        "A code that somebody caught on the way cannot be redeemed without the verifier, which stays "
                        "on the server."
                    ),
                ),
                (
                    "Client secret",
                    "A server can keep one, so nobody else can redeem codes or renew tokens in the app's name.",
                ),
                (
                    "Tokens on the server",
                    (
                        "The browser holds a random id in an HttpOnly cookie, so a script that slips "
                        "into a page finds no token."
                    ),
                ),
                (
                    "No offline access",
                    "The app works while the person is there: signing out at the issuer withdraws its tokens.",
                ),
                (
                    "Minutes for access tokens",
                    "The API verifies them without asking the issuer, so they live shortly and are renewed unnoticed.",
                ),
            ),
        )

    def files(self, facts: Facts) -> dict[str, str]:
        """See `ProjectKind.files`."""
        return render(facts, "shared", "notes-api", "browser", "web-app")
