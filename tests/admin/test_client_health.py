"""Each rule finds its risk, leaves the harmless neighbour alone, and is mended by the click it offers."""

from dataclasses import replace
from pathlib import Path

import pytest

from watchword.admin.client_check import Around
from watchword.admin.client_health import CHECKS, examine, mended
from watchword.store.repositories.apis import Api, Scope
from watchword.store.repositories.clients import Client

NOW = 1_790_000_000.0
ORDERS = Api(
    id="a1", identifier="https://orders.example.com", name="Orders", scopes=(Scope("orders:read", ""),), created_at=NOW
)
STOCK = Api(
    id="a2", identifier="https://stock.example.com", name="Stock", scopes=(Scope("stock:read", ""),), created_at=NOW
)
AROUND = Around(
    apis={api.identifier: api for api in (ORDERS, STOCK)}, local=False, now=NOW, was_used=True, was_offline=True
)
WEB = Client(
    id="c1",
    name="Shop",
    auth_method="client_secret_basic",
    secret_hash="0" * 64,
    redirect_uris=("https://shop.example.com/callback",),
    post_logout_redirect_uris=("https://shop.example.com/",),
    grant_types=("authorization_code", "refresh_token"),
    scopes=("openid", "offline_access", "orders:read"),
    default_api=ORDERS.identifier,
    created_at=NOW - 200 * 86_400,
)
APP = replace(WEB, auth_method="none", secret_hash=None, allowed_origins=("https://shop.example.com",))
MACHINE = replace(
    WEB, grant_types=("client_credentials",), redirect_uris=(), post_logout_redirect_uris=(), scopes=(),
    api_scopes={ORDERS.identifier: ("orders:read",)},
)  # fmt: skip

# What each rule finds, and the values it names. A rule that mends has as third what remains to be seen: nothing.
RISKY = {
    "pkce_optional": (replace(WEB, profile="oidc"), ("oidc",)),
    "redirect_plain": (
        replace(WEB, redirect_uris=("http://shop.example.com/callback",)), ("http://shop.example.com/callback",)
    ),
    "redirect_loopback": (
        replace(WEB, redirect_uris=(*WEB.redirect_uris, "http://localhost:3000/cb")), ("http://localhost:3000/cb",)
    ),
    "redirect_localhost": (replace(APP, redirect_uris=("http://localhost/cb",), post_logout_redirect_uris=()),
                           ("http://localhost/cb",)),
    "redirect_wildcard": (
        replace(WEB, redirect_uris=(*WEB.redirect_uris, "https://*.shop.example.com/cb")),
        ("https://*.shop.example.com/cb",),
    ),
    "redirect_forwards": (
        replace(WEB, redirect_uris=("https://shop.example.com/cb?next=/",)), ("https://shop.example.com/cb?next=/",)
    ),
    "redirect_many": (
        replace(WEB, redirect_uris=tuple(f"https://shop.example.com/{n}" for n in range(11))), ("11 redirect URIs",)
    ),
    "post_logout_elsewhere": (
        replace(WEB, post_logout_redirect_uris=("https://elsewhere.example/",)), ("https://elsewhere.example/",)
    ),
    "origin_plain": (replace(APP, allowed_origins=("http://shop.example.com",)), ("http://shop.example.com",)),
    "origin_confidential": (
        replace(WEB, allowed_origins=("https://shop.example.com",)), ("https://shop.example.com",)
    ),
    "machine_public": (
        replace(APP, grant_types=(*APP.grant_types, "client_credentials"),
                api_scopes={ORDERS.identifier: ("orders:read",)}),
        ("client_credentials",),
    ),
    "scope_unknown": (replace(WEB, scopes=(*WEB.scopes, "gone:read")), ("gone:read",)),
    "api_unknown": (
        replace(MACHINE, api_scopes={ORDERS.identifier: ("orders:read", "orders:gone"), "https://gone.example": ()}),
        ("orders:gone", "https://gone.example"),
    ),
    "scope_beyond_default": (replace(WEB, scopes=(*WEB.scopes, "stock:read")), ("stock:read",)),
    "offline_useless": (replace(WEB, grant_types=("authorization_code",)), ("offline_access",)),
    "secret_imported": (replace(WEB, secret_hash="$argon2id$v=19$m=64,t=1,p=1$c2FsdA$aGFzaA"), ("argon2id",)),
    "secret_in_body": (replace(WEB, auth_method="client_secret_post"), ("client_secret_post",)),
    "id_token_alg": (replace(WEB, id_token_alg="HS256"), ("HS256",)),
}  # fmt: skip


@pytest.mark.parametrize("client", [WEB, APP, MACHINE], ids=["web", "app", "machine"])
def test_sound_clients_have_nothing_to_mend(client: Client) -> None:
    assert examine(client, AROUND) == ()


@pytest.mark.parametrize("code", RISKY)
def test_a_risk_is_found_named_and_mended(code: str) -> None:
    client, values = RISKY[code]
    (finding,) = examine(client, AROUND)
    assert (finding.check.code, finding.values) == (code, values)
    after = mended(client, code, AROUND)
    assert finding.can_mend == (after is not None) == (finding.check.mend is not None)
    if after is not None:
        assert code not in [one.check.code for one in examine(after, AROUND)]
        assert mended(after, code, AROUND) is None


def test_every_rule_is_tried_here() -> None:
    assert {check.code for check in CHECKS} - set(RISKY) == {"offline_unused", "never_used"}
    assert len({check.code for check in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        assert check.where.url.startswith("https://")
        assert check.why[0].islower()
        assert not check.why.endswith(".")


def test_public_clients_cannot_leave_pkce_out_whatever_their_profile() -> None:
    assert examine(replace(APP, profile="oidc"), AROUND) == ()


def test_on_ones_own_machine_loopback_is_where_everything_is() -> None:
    local = replace(AROUND, local=True)
    client = replace(WEB, redirect_uris=("http://localhost:3000/cb",), post_logout_redirect_uris=())
    assert examine(client, local) == ()
    assert [one.check.code for one in examine(client, AROUND)] == ["redirect_loopback"]


def test_the_last_redirect_uri_is_not_taken_away_by_a_click() -> None:
    client = replace(WEB, redirect_uris=("http://localhost:3000/cb",), post_logout_redirect_uris=())
    (finding,) = examine(client, AROUND)
    assert not finding.can_mend
    assert mended(client, "redirect_loopback", AROUND) is None


def test_use_is_judged_after_a_while_only() -> None:
    unused = replace(AROUND, was_used=False, was_offline=False)
    assert [one.check.code for one in examine(WEB, unused)] == ["never_used"]
    assert examine(replace(WEB, created_at=NOW), unused) == ()
    assert examine(replace(WEB, status="disabled"), unused) == ()
    # A machine leaves no trace in the database: nothing is said of it.
    assert examine(MACHINE, unused) == ()
    (finding,) = examine(WEB, replace(AROUND, was_offline=False))
    assert finding.check.code == "offline_unused"
    after = mended(WEB, "offline_unused", replace(AROUND, was_offline=False))
    assert after is not None
    assert after.scopes == ("openid", "orders:read")


def test_what_cannot_be_parsed_is_no_crash() -> None:
    assert examine(replace(WEB, redirect_uris=(*WEB.redirect_uris, "http://[")), AROUND)
    assert mended(WEB, "no such rule", AROUND) is None


@pytest.mark.parametrize(
    ("uri", "risky"),
    [
        ("https://shop.example.com/cb?tenant=7", False),
        ("https://shop.example.com/cb?to=https://evil.example", True),
        ("https://shop.example.com/cb?RETURN_TO=", True),
    ],
)
def test_only_parameters_that_may_send_people_on_are_named(uri: str, risky: bool) -> None:
    assert bool(examine(replace(WEB, redirect_uris=(uri,)), AROUND)) is risky


def test_the_documentation_has_every_rule() -> None:
    document = (Path(__file__).parents[2] / "docs" / "console.md").read_text()
    for check in CHECKS:
        kind, click = "risk" if check.is_risk else "note", "–" if check.mend is None else check.remedy
        where = f"[{check.where.section}]({check.where.url})"
        assert f"| `{check.code}` | {kind} | {check.title} | {where} | {click} |" in document
