"""An agent that finds the issuer through the tool server that refuses it."""

from dataclasses import dataclass

from watchword.console.projects import notes
from watchword.console.projects.project import Facts, Wanted
from watchword.console.projects.rendering import render


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """See `ProjectKind`."""

    name: str = "agent"
    title: str = "AI agent and tool server"
    sentence: str = (
        "The agent knows a tool server and no issuer: the server's refusal says whom to ask, and the person signs in "
        "for this server alone."
    )
    flow: str = "Authorization code with PKCE, after discovery from the tool server"
    app_port: int = 8550
    api_port: int = 8551

    def wanted(self) -> Wanted:
        """See `ProjectKind.wanted`."""
        return Wanted(
            # The whole address that agents call: what they compare the metadata with (RFC 9728 section 3.3).
            api_identifier=f"http://localhost:{self.api_port}/mcp",
            api_name="Notes tools",
            scopes=notes.SCOPES,
            client_name="Notes agent",
            public=True,
            redirect_uris=("http://127.0.0.1/callback",),
            sign_in_scopes=("openid", "profile"),
            why=(
                (
                    "Protected-resource metadata",
                    "The tool server says which issuer it trusts, so agents need no settings of their own.",
                ),
                (
                    "Public client with PKCE",
                    (
                        "An agent on somebody's machine keeps no secret, and a code that is caught "
                        "on the way is worth nothing."
                    ),
                ),
                (
                    "Registered beforehand",
                    "The operator knows the agent by name; agents cannot register themselves yet.",
                ),
                (
                    "One audience",
                    "The token names this tool server alone: another one that gets it can do nothing with it.",
                ),
                (
                    "Tokens in memory",
                    "No offline access: what the agent may do ends with it, or with the person's session.",
                ),
            ),
        )

    def files(self, facts: Facts) -> dict[str, str]:
        """See `ProjectKind.files`."""
        return render(facts, "shared", "agent")
