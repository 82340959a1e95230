"""A single-page app, the backend that keeps its tokens, and its API."""

from dataclasses import dataclass

from watchword.console.projects import notes
from watchword.console.projects.project import Facts, Wanted
from watchword.console.projects.rendering import render


@dataclass(frozen=True, slots=True, kw_only=True)
class SinglePageApp:
    """See `ProjectKind`."""

    name: str = "single-page-app"
    title: str = "Single-page app"
    sentence: str = (
        "A page cannot keep a token from a script that slips into it, so a small backend signs people in, keeps the "
        "tokens and calls the API for the page."
    )
    flow: str = "Authorization code with PKCE, in a backend for the page"
    app_port: int = 8520
    api_port: int = 8521

    def wanted(self) -> Wanted:
        """See `ProjectKind.wanted`."""
        origin = f"http://localhost:{self.app_port}"
        return Wanted(
            api_identifier=f"http://localhost:{self.api_port}",
            api_name=notes.NAME,
            scopes=notes.SCOPES,
            client_name="Notes single-page app",
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
                    "A backend for the page",
                    "Whatever a page can read, an injected script can take away; here there is nothing to take.",
                ),
                ("PKCE and a client secret", "Only the backend that began a sign-in can redeem its code."),
                ("HttpOnly cookie", "No script can read the session's id."),
                (
                    "A header against CSRF",
                    "A foreign site could make the browser send the cookie, but not a header of the page's own.",
                ),
                (
                    "No offline access",
                    "The app works while the person is there: signing out at the issuer withdraws its tokens.",
                ),
            ),
        )

    def files(self, facts: Facts) -> dict[str, str]:
        """See `ProjectKind.files`."""
        return render(facts, "shared", "notes-api", "browser", "single-page-app")
