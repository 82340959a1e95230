"""A service that calls an API in its own name."""

from dataclasses import dataclass

from watchword.console.projects import notes
from watchword.console.projects.project import Facts, Wanted
from watchword.console.projects.rendering import render


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceToService:
    """See `ProjectKind`."""

    name: str = "service-to-service"
    title: str = "Service to service"
    sentence: str = "No person is there, so the service proves who it is itself and gets tokens of its own."
    flow: str = "Client credentials"
    app_port: int = 8530
    api_port: int = 8531

    def wanted(self) -> Wanted:
        """See `ProjectKind.wanted`."""
        return Wanted(
            api_identifier=f"http://localhost:{self.api_port}",
            api_name=notes.NAME,
            scopes=notes.SCOPES,
            client_name="Notes service",
            public=False,
            acts_for_itself=True,
            why=(
                ("Client credentials", "The service acts for itself: there is nobody to ask for consent."),
                (
                    "Client secret",
                    (
                        "The simplest proof for a start; a signed assertion (private_key_jwt) leaves no "
                        "secret at the issuer and takes one line."
                    ),
                ),
                ("One audience", "The token names this API alone, so an API that is called cannot use it elsewhere."),
                ("No refresh token", "The service can ask for another token whenever it needs one."),
                ("Tokens in memory", "They live for minutes and are renewed before they end, once for all threads."),
            ),
        )

    def files(self, facts: Facts) -> dict[str, str]:
        """See `ProjectKind.files`."""
        return render(facts, "shared", "notes-api", "service-to-service")
