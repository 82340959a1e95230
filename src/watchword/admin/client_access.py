"""Rules about what a client may do, and how it says who it is."""

from dataclasses import replace

from watchword.admin.client_check import Around, Check, Reference, rfc, without
from watchword.admin.clients import ID_TOKEN_ALGORITHMS
from watchword.oauth.scope import OFFLINE_ACCESS
from watchword.store.repositories.clients import Client

UNUSED_AFTER = 90 * 86_400.0  # seconds
_FITTING = "ES256"  # signs ID tokens under every profile


def _optional_pkce(client: Client, _: Around) -> tuple[str, ...]:
    # Public clients must use PKCE under any profile: issuer/checks/pkce.py.
    is_optional = client.profile == "oidc" and not client.is_public and "authorization_code" in client.grant_types
    return (client.profile,) if is_optional else ()


def _public_machine(client: Client, _: Around) -> tuple[str, ...]:
    return ("client_credentials",) if client.is_public and "client_credentials" in client.grant_types else ()


def _mend_public_machine(client: Client, _: Around) -> Client:
    return replace(client, grant_types=without(client.grant_types, ["client_credentials"]), api_scopes={})


def _unknown_scopes(client: Client, around: Around) -> tuple[str, ...]:
    return without(client.scopes, around.scopes())


def _lost_api_scopes(client: Client, around: Around) -> tuple[str, ...]:
    lost: list[str] = []
    for identifier, scopes in client.api_scopes.items():
        api = around.apis.get(identifier)
        lost.extend([identifier] if api is None else without(scopes, api.scope_names))
    if client.default_api is not None and client.default_api not in around.apis:
        lost.append(client.default_api)
    return tuple(dict.fromkeys(lost))


def _mend_lost_api_scopes(client: Client, around: Around) -> Client:
    kept = {
        identifier: tuple(scope for scope in scopes if scope in around.apis[identifier].scope_names)
        for identifier, scopes in client.api_scopes.items()
        if identifier in around.apis
    }
    default = client.default_api if client.default_api in around.apis else None
    return replace(client, api_scopes={api: scopes for api, scopes in kept.items() if scopes}, default_api=default)


def _beyond_default(client: Client, around: Around) -> tuple[str, ...]:
    default = around.apis.get(client.default_api or "")
    if default is None:
        return ()
    elsewhere = frozenset[str]().union(*(api.scope_names for api in around.apis.values())) - default.scope_names
    return tuple(scope for scope in client.scopes if scope in elsewhere)


def _useless_offline(client: Client, _: Around) -> tuple[str, ...]:
    is_useless = OFFLINE_ACCESS in client.scopes and "refresh_token" not in client.grant_types
    return (OFFLINE_ACCESS,) if is_useless else ()


def _unused_offline(client: Client, around: Around) -> tuple[str, ...]:
    is_old = around.now - client.created_at > UNUSED_AFTER
    is_unused = OFFLINE_ACCESS in client.scopes and around.was_used and not around.was_offline and is_old
    return (OFFLINE_ACCESS,) if is_unused and "refresh_token" in client.grant_types else ()


def _without_offline(client: Client, _: Around) -> Client:
    return replace(client, scopes=without(client.scopes, [OFFLINE_ACCESS]))


def _imported_secret(client: Client, _: Around) -> tuple[str, ...]:
    return ("argon2id",) if (client.secret_hash or "").startswith("$argon2") else ()


def _secret_in_body(client: Client, _: Around) -> tuple[str, ...]:
    return (client.auth_method,) if client.auth_method == "client_secret_post" else ()


def _id_token_alg(client: Client, _: Around) -> tuple[str, ...]:
    allowed = (_FITTING,) if client.profile == "fapi2" else ID_TOKEN_ALGORITHMS
    return () if client.id_token_alg in allowed else (client.id_token_alg,)


def _never_used(client: Client, around: Around) -> tuple[str, ...]:
    is_old = around.now - client.created_at > UNUSED_AFTER
    # Machines leave no trace: their tokens write nothing to the database.
    signs_in = "authorization_code" in client.grant_types and "client_credentials" not in client.grant_types
    return ("never",) if is_old and signs_in and not around.was_used and client.status == "active" else ()


def _mend_id_token_alg(client: Client, _: Around) -> Client:
    return replace(client, id_token_alg=_FITTING)


ACCESS: tuple[Check, ...] = (
    Check(
        code="pkce_optional",
        title="PKCE may be left out",
        why="a stolen code can be slipped into somebody else's sign-in, which PKCE prevents",
        where=rfc(9700, "2.1.1"),
        find=_optional_pkce,
        remedy="Require PKCE",
        mend=lambda client, _: replace(client, profile="oauth2.1"),
    ),
    Check(
        code="machine_public",
        title="It acts for itself without a secret",
        why="anybody who knows its id, which is no secret, would get its tokens",
        where=rfc(6749, "4.4"),
        find=_public_machine,
        remedy="Let it sign people in only",
        mend=_mend_public_machine,
    ),
    Check(
        code="scope_unknown",
        is_risk=False,
        title="Scopes that no API has",
        why="an API that one day uses such a name would give it to this client unasked",
        where=rfc(6749, "3.3"),
        find=_unknown_scopes,
        remedy="Remove these scopes",
        mend=lambda client, around: replace(client, scopes=without(client.scopes, _unknown_scopes(client, around))),
    ),
    Check(
        code="api_unknown",
        is_risk=False,
        title="APIs or scopes that are gone",
        why="an API that one day has this name would take tokens nobody meant for it",
        where=rfc(8707, "2"),
        find=_lost_api_scopes,
        remedy="Remove what is gone",
        mend=_mend_lost_api_scopes,
    ),
    Check(
        code="scope_beyond_default",
        is_risk=False,
        title="Scopes beyond its default API",
        why="a client should hold no more than it needs, and its usual requests reach only that API",
        where=rfc(9700, "2.3"),
        find=_beyond_default,
        remedy="Keep only the scopes of the default API",
        mend=lambda client, around: replace(client, scopes=without(client.scopes, _beyond_default(client, around))),
    ),
    Check(
        code="offline_useless",
        is_risk=False,
        title="Lasting access that it cannot use",
        why="people are asked to allow something that this client cannot do without refresh tokens",
        where=rfc(9700, "2.3"),
        find=_useless_offline,
        remedy="Remove offline_access",
        mend=_without_offline,
    ),
    Check(
        code="offline_unused",
        is_risk=False,
        title="Lasting access that it has never asked for",
        why="whoever takes the client over could ask for tokens that outlive every session",
        where=rfc(9700, "2.3"),
        find=_unused_offline,
        remedy="Remove offline_access",
        mend=_without_offline,
    ),
    Check(
        code="secret_imported",
        title="A secret from elsewhere",
        why="people choose secrets that can be guessed, and whoever held it before may hold it still",
        where=rfc(6749, "10.10"),
        find=_imported_secret,
        remedy="give it a new secret below",
    ),
    Check(
        code="secret_in_body",
        is_risk=False,
        title="The secret travels among the parameters",
        why="bodies of requests end up in logs more often than the Authorization header does",
        where=rfc(6749, "2.3.1"),
        find=_secret_in_body,
        remedy="let the application use HTTP Basic, and register it for that",
    ),
    Check(
        code="id_token_alg",
        title="ID tokens in an algorithm that does not fit",
        why="its profile, or this issuer, does not sign with that algorithm, so it gets no ID token",
        where=Reference(
            "OpenID Connect Core, section 2", "https://openid.net/specs/openid-connect-core-1_0.html#IDToken"
        ),
        find=_id_token_alg,
        remedy="Sign with ES256",
        mend=_mend_id_token_alg,
    ),
    Check(
        code="never_used",
        is_risk=False,
        title="Nobody has ever signed in through it",
        why="a client that nobody misses is a door that nobody watches",
        where=rfc(9700, "2.3"),
        find=_never_used,
        remedy="disable it below, if nobody needs it",
    ),
)
