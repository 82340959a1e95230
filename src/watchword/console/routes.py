"""Where the console's pages are. `watchword.wiring` hands them to the issuer's application."""

from collections.abc import Sequence

from starlette.routing import BaseRoute

from watchword.console.api_page import add_api_scope, api, describe_api_scope, edit_api, renew_api_secret
from watchword.console.apis import apis, create_api
from watchword.console.audit import audit
from watchword.console.client_page import (
    client,
    disable_client,
    edit_client,
    enable_client,
    mend_client,
    renew_client_secret,
)
from watchword.console.clients import clients, create_client
from watchword.console.home import home, sign_out
from watchword.console.inspect import inspect
from watchword.console.keys import keys, rotate_keys
from watchword.console.mail import letter, mail
from watchword.console.paths import APIS, AUDIT, CLIENTS, CONSOLE, INSPECT, KEYS, MAIL, SETTINGS, SETUP, SIGN_OUT, USERS
from watchword.console.settings import settings
from watchword.console.setup import set_up
from watchword.console.user_page import (
    add_user_role,
    disable_user,
    enable_user,
    remove_user_role,
    set_user_password,
    sign_user_out,
    user,
)
from watchword.console.users import create_user, users
from watchword.console.visit import action, page
from watchword.issuer.exact_route import exact_route

ROUTES: Sequence[BaseRoute] = (
    exact_route(SETUP, set_up, "GET", "POST"),
    exact_route(CONSOLE, home, "GET"),
    exact_route(INSPECT, inspect, "GET", "POST"),
    exact_route(SIGN_OUT, sign_out, "POST"),
    exact_route(APIS, page(apis), "GET"),
    exact_route(APIS, action(create_api), "POST"),
    exact_route(f"{APIS}/{{id}}", page(api), "GET"),
    exact_route(f"{APIS}/{{id}}/edit", action(edit_api), "POST"),
    exact_route(f"{APIS}/{{id}}/scopes", action(add_api_scope), "POST"),
    exact_route(f"{APIS}/{{id}}/describe", action(describe_api_scope), "POST"),
    exact_route(f"{APIS}/{{id}}/secret", action(renew_api_secret), "POST"),
    exact_route(CLIENTS, page(clients), "GET"),
    exact_route(CLIENTS, action(create_client), "POST"),
    exact_route(f"{CLIENTS}/{{id}}", page(client), "GET"),
    exact_route(f"{CLIENTS}/{{id}}/edit", action(edit_client), "POST"),
    exact_route(f"{CLIENTS}/{{id}}/mend", action(mend_client), "POST"),
    exact_route(f"{CLIENTS}/{{id}}/secret", action(renew_client_secret), "POST"),
    exact_route(f"{CLIENTS}/{{id}}/disable", action(disable_client), "POST"),
    exact_route(f"{CLIENTS}/{{id}}/enable", action(enable_client), "POST"),
    exact_route(USERS, page(users), "GET"),
    exact_route(USERS, action(create_user), "POST"),
    exact_route(f"{USERS}/{{id}}", page(user), "GET"),
    exact_route(f"{USERS}/{{id}}/password", action(set_user_password), "POST"),
    exact_route(f"{USERS}/{{id}}/disable", action(disable_user), "POST"),
    exact_route(f"{USERS}/{{id}}/enable", action(enable_user), "POST"),
    exact_route(f"{USERS}/{{id}}/roles", action(add_user_role), "POST"),
    exact_route(f"{USERS}/{{id}}/roles/remove", action(remove_user_role), "POST"),
    exact_route(f"{USERS}/{{id}}/sign-out", action(sign_user_out), "POST"),
    exact_route(KEYS, page(keys), "GET"),
    exact_route(f"{KEYS}/rotate", action(rotate_keys), "POST"),
    exact_route(AUDIT, page(audit), "GET"),
    exact_route(MAIL, page(mail), "GET"),
    exact_route(f"{MAIL}/{{id}}", page(letter), "GET"),
    exact_route(SETTINGS, page(settings), "GET"),
)
