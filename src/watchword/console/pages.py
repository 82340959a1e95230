"""How the console renders: its own templates first, then those of the issuer it shares a design with."""

from watchword.issuer.interaction.rendering import Renderer

render = Renderer("watchword.console", "watchword.issuer.interaction")
