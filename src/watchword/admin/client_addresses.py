"""Rules about where people come back to, and whose pages may ask."""

from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from watchword.admin.client_check import Around, Check, Reference, rfc, without
from watchword.store.repositories.clients import Client

MANY_REDIRECTS = 10
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# What applications call the place they send people on to.
_FORWARDING = frozenset(
    {"continue", "dest", "destination", "forward", "goto", "next", "redirect", "redirect_to", "redirect_uri", "return",
     "return_to", "return_url", "returnto", "returnurl", "target", "uri", "url"}
)  # fmt: skip


def _host(uri: str) -> str:
    try:
        return urlsplit(uri).hostname or ""
    except ValueError:
        return ""


def _is_plain(uri: str) -> bool:
    return uri.startswith("http://") and _host(uri) not in _LOOPBACK


def _is_loopback(uri: str) -> bool:
    return uri.startswith("http://") and _host(uri) in _LOOPBACK


def _plain_redirects(client: Client, _: Around) -> tuple[str, ...]:
    return tuple(filter(_is_plain, (*client.redirect_uris, *client.post_logout_redirect_uris)))


def _with_https(uris: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"https{uri[4:]}" if _is_plain(uri) else uri for uri in uris))


def _mend_plain_redirects(client: Client, _: Around) -> Client:
    return replace(
        client,
        redirect_uris=_with_https(client.redirect_uris),
        post_logout_redirect_uris=_with_https(client.post_logout_redirect_uris),
    )


def _loopback_redirects(client: Client, around: Around) -> tuple[str, ...]:
    if client.is_public or around.local:
        return ()
    return tuple(filter(_is_loopback, client.redirect_uris))


def _localhost_redirects(client: Client, around: Around) -> tuple[str, ...]:
    if not client.is_public or around.local:
        return ()
    return tuple(uri for uri in client.redirect_uris if _is_loopback(uri) and _host(uri) == "localhost")


def _wildcards(client: Client, _: Around) -> tuple[str, ...]:
    return tuple(uri for uri in (*client.redirect_uris, *client.post_logout_redirect_uris) if "*" in uri)


def _forwarding(client: Client, _: Around) -> tuple[str, ...]:
    return tuple(uri for uri in client.redirect_uris if _sends_on(uri))


def _sends_on(uri: str) -> bool:
    try:
        query = parse_qsl(urlsplit(uri).query, keep_blank_values=True)
    except ValueError:
        return False
    return any(name.casefold() in _FORWARDING or "://" in value for name, value in query)


def _many_redirects(client: Client, _: Around) -> tuple[str, ...]:
    count = len(client.redirect_uris)
    return (f"{count} redirect URIs",) if count > MANY_REDIRECTS else ()


def _post_logout_elsewhere(client: Client, _: Around) -> tuple[str, ...]:
    homes = {_host(uri) for uri in client.redirect_uris}
    return tuple(uri for uri in client.post_logout_redirect_uris if homes and _host(uri) not in homes)


def _plain_origins(client: Client, _: Around) -> tuple[str, ...]:
    return tuple(filter(_is_plain, client.allowed_origins))


def _confidential_origins(client: Client, _: Around) -> tuple[str, ...]:
    return () if client.is_public else client.allowed_origins


ADDRESSES: tuple[Check, ...] = (
    Check(
        code="redirect_plain",
        title="People come back over plain http",
        why="whoever is on the way reads the code, and can send people elsewhere",
        where=rfc(9700, "2.6"),
        find=_plain_redirects,
        remedy="Use https instead",
        mend=_mend_plain_redirects,
    ),
    Check(
        code="redirect_loopback",
        title="A web application comes back to the visitor's own machine",
        why="any program on the visitor's machine may listen there and take the code",
        where=rfc(8252, "8.3"),
        find=_loopback_redirects,
        remedy="Remove these redirect URIs",
        mend=lambda client, around: replace(
            client, redirect_uris=without(client.redirect_uris, _loopback_redirects(client, around))
        ),
    ),
    Check(
        code="redirect_localhost",
        is_risk=False,
        title="The application listens at localhost",
        why="that name may resolve to another interface than loopback; 127.0.0.1 cannot",
        where=rfc(8252, "8.3"),
        find=_localhost_redirects,
        remedy="let the application listen at 127.0.0.1, then register that",
    ),
    Check(
        code="redirect_wildcard",
        is_risk=False,
        title="An address with an asterisk",
        why="addresses are compared letter by letter, so it matches nothing and only hides what was meant",
        where=rfc(9700, "2.1"),
        find=_wildcards,
        remedy="Remove these addresses",
        mend=lambda client, around: replace(
            client,
            redirect_uris=without(client.redirect_uris, _wildcards(client, around)),
            post_logout_redirect_uris=without(client.post_logout_redirect_uris, _wildcards(client, around)),
        ),
    ),
    Check(
        code="redirect_forwards",
        title="A redirect URI that may send people on",
        why="if the application follows that parameter, the code travels on to an address that others choose",
        where=rfc(9700, "4.11.1"),
        find=_forwarding,
        remedy="let the application keep where to go on in its own session, and register the address without it",
    ),
    Check(
        code="redirect_many",
        is_risk=False,
        title="Many redirect URIs",
        why="each is one more place at which a code can get lost",
        where=rfc(9700, "4.1"),
        find=_many_redirects,
        remedy="remove those that are no longer used, or register a client for each application",
    ),
    Check(
        code="post_logout_elsewhere",
        title="People land elsewhere after signing out",
        why="a link to your sign-out page, whose name people trust, would lead to a host the application does not use",
        where=Reference(
            "OpenID Connect RP-Initiated Logout, section 3",
            "https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RedirectionAfterLogout",
        ),
        find=_post_logout_elsewhere,
        remedy="Remove these addresses",
        mend=lambda client, around: replace(
            client,
            post_logout_redirect_uris=without(client.post_logout_redirect_uris, _post_logout_elsewhere(client, around)),
        ),
    ),
    Check(
        code="origin_plain",
        title="Pages on plain http may ask for tokens",
        why="whoever is on the way can change such a page and let it ask in its name",
        where=rfc(6454, "8.1"),
        find=_plain_origins,
        remedy="Remove these origins",
        mend=lambda client, around: replace(
            client, allowed_origins=without(client.allowed_origins, _plain_origins(client, around))
        ),
    ),
    Check(
        code="origin_confidential",
        title="Web pages may ask with this client's secret",
        why="a secret that a page sends can be read by everybody who opens the page",
        where=rfc(6749, "10.1"),
        find=_confidential_origins,
        remedy="Allow no origins",
        mend=lambda client, _: replace(client, allowed_origins=()),
    ),
)
