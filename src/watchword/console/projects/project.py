"""A project that a person may generate: what the issuer needs for it first, and the files it is made of."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a generated project knows: the issuer, the API and the client that were made for it.

    Args:
        issuer: the issuer's name, such as ``http://localhost:8400``.
        api_identifier: the audience of the API's tokens, such as ``http://localhost:8511``.
        api_name: how pages call the API.
        scopes: name and description of each, the one for reading first and the one for writing last.
        client_id: of the client.
        client_secret: of a confidential client; None for a public one.
        app_port: where the project's own pages listen, where it has any.
        api_port: where its API listens.
    """

    issuer: str
    api_identifier: str
    api_name: str
    scopes: tuple[tuple[str, str], ...]
    client_id: str
    client_secret: str | None = field(repr=False)
    app_port: int
    api_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What must exist at the issuer before a project can be generated.

    Args:
        api_identifier: of the API.
        api_name: its name on pages.
        scopes: of the API: name and description of each.
        client_name: the client's name on the consent page.
        public: whether the client can keep no secret.
        redirect_uris: where sign-ins come back to; none for a client that signs nobody in.
        post_logout_redirect_uris: where sign-outs come back to.
        sign_in_scopes: the issuer's own scopes that the client asks for besides those of the API.
        acts_for_itself: whether it gets tokens of its own (client credentials) with all ``scopes``.
        why: each choice that was made, and one sentence that says why.
    """

    api_identifier: str
    api_name: str
    scopes: tuple[tuple[str, str], ...]
    client_name: str
    public: bool
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    sign_in_scopes: tuple[str, ...] = ()
    acts_for_itself: bool = False
    why: tuple[tuple[str, str], ...]


class ProjectKind(Protocol):
    """One kind of project.

    ``name`` stands in addresses, ``title`` and ``sentence`` on pages; ``flow`` is the grant by its usual name. The
    ports are those that ``wanted`` speaks of; a kind with others is made by `dataclasses.replace`.
    """

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def sentence(self) -> str: ...

    @property
    def flow(self) -> str: ...

    @property
    def app_port(self) -> int: ...

    @property
    def api_port(self) -> int: ...

    def wanted(self) -> Wanted:
        """What must be made at the issuer."""
        ...

    def files(self, facts: Facts) -> dict[str, str]:
        """The project: path below its folder → text."""
        ...
