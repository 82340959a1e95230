"""Flask's guard beside what all frameworks do: factories, blueprints, several guards, refusals in another form."""

from typing import Any

import pytest
from flask import Blueprint, Flask
from tests.frameworks.protected_api import API, ISSUER, protected
from tests.frameworks.tokens import token

from watchword.clock import SettableClock
from watchword.flask import Guard, GuardRefusal


def bearer(**changes: Any) -> dict[str, str]:
    return {"Authorization": "Bearer " + token(**changes)}


def test_an_application_factory_has_the_options_in_its_configuration(clock: SettableClock) -> None:
    guard = Guard(audience=API)

    def create(issuer: str) -> Flask:
        app = Flask("orders")
        app.config["WATCHWORD"] = {**protected(clock), "issuer": issuer, "audience": "overridden"}
        guard.init_app(app)

        @app.get("/")
        @guard.requires()
        def tell() -> dict[str, str]:
            return {"sub": guard.claims.sub}

        return app

    first, second = create(ISSUER), create("https://other.example.com")
    assert first.test_client().get("/", headers=bearer()).status_code == 200
    assert second.test_client().get("/", headers=bearer()).status_code == 401
    assert second.test_client().get("/", headers=bearer(iss="https://other.example.com")).status_code == 200


def test_a_whole_blueprint_is_protected_before_each_request(clock: SettableClock) -> None:
    app = Flask("orders")
    guard = Guard(app, **protected(clock))
    orders = Blueprint("orders", __name__)

    @orders.before_request
    def protect() -> None:
        guard.check(scopes=["orders:read"])

    @orders.get("/orders")
    def tell() -> dict[str, str]:
        return {"sub": guard.claims.sub}

    app.register_blueprint(orders)
    client = app.test_client()
    assert client.get("/orders").status_code == 401
    assert client.get("/orders", headers=bearer(scope="other")).status_code == 403
    assert client.get("/orders", headers=bearer()).json == {"sub": "user-1"}


def test_claims_are_there_only_where_the_guard_let_somebody_pass(clock: SettableClock) -> None:
    app = Flask("orders")
    guard, other = Guard(app, **protected(clock)), Guard(app, **protected(clock, audience="https://other.example.com"))

    @app.get("/open")
    def unguarded() -> str:
        with pytest.raises(RuntimeError):
            _ = guard.claims
        return ""

    @app.get("/guarded")
    @guard.requires()
    def guarded() -> str:
        with pytest.raises(RuntimeError):
            _ = other.claims
        return guard.claims.sub

    client = app.test_client()
    assert client.get("/open", headers=bearer()).status_code == 200
    assert client.get("/guarded", headers=bearer()).text == "user-1"


def test_an_application_that_the_guard_does_not_know_is_told_so(clock: SettableClock) -> None:
    app = Flask("orders")
    with app.app_context(), pytest.raises(RuntimeError, match="init_app"):
        _ = Guard(**protected(clock)).protection


def test_an_application_may_answer_refusals_in_its_own_form(clock: SettableClock) -> None:
    app = Flask("orders")
    guard = Guard(app, **protected(clock))
    app.add_url_rule("/", "tell", guard.requires()(lambda: guard.claims.sub))

    @app.errorhandler(GuardRefusal)
    def own(refusal: GuardRefusal) -> tuple[str, int]:
        return refusal.refusal.cause.code, 418

    answer = app.test_client().get("/")
    assert (answer.status_code, answer.text) == (418, "token_missing")


def test_the_metadata_is_served_where_it_was_asked_for(clock: SettableClock) -> None:
    app = Flask("orders")
    guard = Guard(app, metadata=["orders:read"], **protected(clock))
    app.add_url_rule("/", "tell", guard.requires()(lambda: guard.claims.sub))
    answer = app.test_client().get("/.well-known/oauth-protected-resource")
    assert answer.json is not None
    assert (answer.json["resource"], answer.json["scopes_supported"]) == (API, ["orders:read"])
    assert "resource_metadata=" in app.test_client().get("/").headers["WWW-Authenticate"]


def test_a_decorator_that_was_not_called_is_found_at_once(clock: SettableClock) -> None:
    with pytest.raises(TypeError, match="needs its"):
        Guard(**protected(clock)).requires(lambda: "")  # type: ignore[arg-type]
