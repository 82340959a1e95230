"""Where the console's pages are. `watchword.wiring` hands them to the issuer's application."""

from collections.abc import Sequence

from starlette.routing import BaseRoute

from watchword.console import paths, start
from watchword.console.api_page import add_api_scope, api, describe_api_scope, edit_api, renew_api_secret
from watchword.console.apis import apis, create_api
from watchword.console.audit import audit
from watchword.console.client_page import (
    choose_client_algorithm,
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
from watchword.console.keys import (
    add_key_algorithm,
    compromise_key,
    default_key_algorithm,
    keys,
    remove_key_algorithm,
    rotate_keys,
)
from watchword.console.mail import letter, mail
from watchword.console.playground.attack_page import attack, attacks
from watchword.console.playground.callback import callback as playground_callback
from watchword.console.playground.choose import choose
from watchword.console.playground.project_page import create, download, project
from watchword.console.playground.run_page import go_on, run
from watchword.console.settings import settings
from watchword.console.setup import set_up
from watchword.console.sign_in import callback, sign_in
from watchword.console.user_page import (
    add_user_role,
    disable_user,
    enable_user,
    remove_user_role,
    set_user_password,
    sign_user_out,
    user,
    withdraw_user_consent,
)
from watchword.console.users import create_user, users
from watchword.console.visit import action, either, page
from watchword.issuer.exact_route import exact_route

ROUTES: Sequence[BaseRoute] = (
    exact_route(paths.SETUP, set_up, "GET", "POST"),
    exact_route(paths.CONSOLE, home, "GET"),
    exact_route(paths.SIGN_IN, sign_in, "GET"),
    exact_route(paths.CALLBACK, callback, "GET"),
    exact_route(paths.START, either(page(start.show), action(start.act)), "GET", "POST"),
    exact_route(paths.START_BEGIN, page(start.begin), "GET"),
    exact_route(paths.START_YOURS, action(start.look), "POST"),
    exact_route(paths.PLAYGROUND, page(choose), "GET"),
    exact_route(paths.PLAYGROUND_CALLBACK, page(playground_callback), "GET"),
    exact_route(f"{paths.PLAYGROUND}/{{kind}}", either(page(project), action(create)), "GET", "POST"),
    exact_route(f"{paths.PLAYGROUND}/{{kind}}/project.zip", page(download), "GET"),
    exact_route(f"{paths.PLAYGROUND}/{{kind}}/run", either(page(run), action(go_on)), "GET", "POST"),
    exact_route(f"{paths.PLAYGROUND}/{{kind}}/attack", either(page(attacks), action(attack)), "GET", "POST"),
    exact_route(paths.INSPECT, inspect, "GET", "POST"),
    exact_route(paths.SIGN_OUT, sign_out, "POST"),
    exact_route(paths.APIS, either(page(apis), action(create_api)), "GET", "POST"),
    exact_route(f"{paths.APIS}/{{id}}", page(api), "GET"),
    exact_route(f"{paths.APIS}/{{id}}/edit", action(edit_api), "POST"),
    exact_route(f"{paths.APIS}/{{id}}/scopes", action(add_api_scope), "POST"),
    exact_route(f"{paths.APIS}/{{id}}/describe", action(describe_api_scope), "POST"),
    exact_route(f"{paths.APIS}/{{id}}/secret", action(renew_api_secret), "POST"),
    exact_route(paths.CLIENTS, either(page(clients), action(create_client)), "GET", "POST"),
    exact_route(f"{paths.CLIENTS}/{{id}}", page(client), "GET"),
    exact_route(f"{paths.CLIENTS}/{{id}}/edit", action(edit_client), "POST"),
    exact_route(f"{paths.CLIENTS}/{{id}}/algorithm", action(choose_client_algorithm), "POST"),
    exact_route(f"{paths.CLIENTS}/{{id}}/mend", action(mend_client), "POST"),
    exact_route(f"{paths.CLIENTS}/{{id}}/secret", action(renew_client_secret), "POST"),
    exact_route(f"{paths.CLIENTS}/{{id}}/disable", action(disable_client), "POST"),
    exact_route(f"{paths.CLIENTS}/{{id}}/enable", action(enable_client), "POST"),
    exact_route(paths.USERS, either(page(users), action(create_user)), "GET", "POST"),
    exact_route(f"{paths.USERS}/{{id}}", page(user), "GET"),
    exact_route(f"{paths.USERS}/{{id}}/password", action(set_user_password), "POST"),
    exact_route(f"{paths.USERS}/{{id}}/disable", action(disable_user), "POST"),
    exact_route(f"{paths.USERS}/{{id}}/enable", action(enable_user), "POST"),
    exact_route(f"{paths.USERS}/{{id}}/roles", action(add_user_role), "POST"),
    exact_route(f"{paths.USERS}/{{id}}/roles/remove", action(remove_user_role), "POST"),
    exact_route(f"{paths.USERS}/{{id}}/consents/withdraw", action(withdraw_user_consent), "POST"),
    exact_route(f"{paths.USERS}/{{id}}/sign-out", action(sign_user_out), "POST"),
    exact_route(paths.KEYS, page(keys), "GET"),
    exact_route(f"{paths.KEYS}/rotate", action(rotate_keys), "POST"),
    exact_route(f"{paths.KEYS}/compromise", action(compromise_key), "POST"),
    exact_route(f"{paths.KEYS}/algorithms", action(add_key_algorithm), "POST"),
    exact_route(f"{paths.KEYS}/algorithms/remove", action(remove_key_algorithm), "POST"),
    exact_route(f"{paths.KEYS}/algorithms/default", action(default_key_algorithm), "POST"),
    exact_route(paths.AUDIT, page(audit), "GET"),
    exact_route(paths.MAIL, page(mail), "GET"),
    exact_route(f"{paths.MAIL}/{{id}}", page(letter), "GET"),
    exact_route(paths.SETTINGS, page(settings), "GET"),
)
