"""A kind of project as a part of the playground: what was made for it, how its flow runs, which attacks fit it."""

from starlette.exceptions import HTTPException

from watchword.admin import playground
from watchword.admin.clients import ClientRequest
from watchword.console.playground import flow
from watchword.console.playground.attacks import ATTACKS
from watchword.console.playground.attacks.attack import Attack
from watchword.console.playground.bench import Bench
from watchword.console.playground.flow import Arrow
from watchword.console.playground.preparation import ORDERS_SCOPES, callback, prepare_player
from watchword.console.playground.run import Run
from watchword.console.projects import PROJECTS, Facts, ProjectKind
from watchword.console.visit import Visit

_BY_NAME = {kind.name: kind for kind in PROJECTS}


def kind_of(visit: Visit) -> ProjectKind:
    """The kind that the path names.

    Raises:
        HTTPException: there is none (404), or there is no playground, since no API runs beside the issuer.
    """
    kind = _BY_NAME.get(visit.request.path_params["kind"])
    if kind is None or visit.desk.settings.demo_url is None:
        raise HTTPException(404)
    return kind


async def make(bench: Bench, kind: ProjectKind) -> None:
    """Register the API and the client that the project needs, unless they are there.

    For the live run the client may also read the orders of the demonstration: its own API need not run for that.

    Raises:
        InvalidRequestError: they cannot be registered; says why.
    """
    wanted, settings = kind.wanted(), bench.desk.settings
    assert settings.demo_url is not None
    await playground.ensure_api(
        bench.desk, identifier=wanted.api_identifier, name=wanted.api_name, scopes=wanted.scopes
    )
    own = tuple(name for name, _ in wanted.scopes)
    signs_in = bool(wanted.redirect_uris)
    request = ClientRequest(
        name=wanted.client_name,
        public=wanted.public,
        redirect_uris=(*wanted.redirect_uris, callback(bench)) if signs_in else (),
        post_logout_redirect_uris=wanted.post_logout_redirect_uris,
        scopes=(*wanted.sign_in_scopes, *own, *ORDERS_SCOPES) if signs_in else (),
        api_scopes={wanted.api_identifier: own, settings.demo_url: ORDERS_SCOPES} if wanted.acts_for_itself else {},
        default_api=wanted.api_identifier,
    )
    asked = (*wanted.sign_in_scopes, *ORDERS_SCOPES) if signs_in else ORDERS_SCOPES
    await prepare_player(bench, request, scopes=tuple(dict.fromkeys(("openid", *asked) if signs_in else asked)))


def facts_of(bench: Bench, kind: ProjectKind) -> Facts:
    """What the generated project knows; the client has been made."""
    wanted = kind.wanted()
    return Facts(
        issuer=bench.desk.settings.issuer,
        api_identifier=wanted.api_identifier,
        api_name=wanted.api_name,
        scopes=wanted.scopes,
        client_id=bench.player.client_id,
        client_secret=bench.player.client_secret,
        app_port=kind.app_port,
        api_port=kind.api_port,
    )


def arrows_of(kind: ProjectKind) -> tuple[Arrow, ...]:
    """The steps of its flow."""
    return flow.WITH_A_PERSON if kind.wanted().redirect_uris else flow.FOR_ITSELF


def next_arrow(kind: ProjectKind, run: Run) -> Arrow | None:
    """The step that is to be taken now; None when all have been."""
    return next((arrow for arrow in arrows_of(kind) if arrow.name not in run.steps), None)


def attacks_on(kind: ProjectKind) -> tuple[Attack, ...]:
    """The attacks that make sense against its flow."""
    held = {"access_token", "refresh_token", "id_token", "code"} if kind.wanted().redirect_uris else {"access_token"}
    return tuple(attack for attack in ATTACKS if attack.needs <= held)


def missing_for(attack: Attack, run: Run) -> frozenset[str]:
    """What the run does not hold and the attack needs; everything, when the tokens have been used up."""
    held = run.held
    present = {
        "access_token": held is not None,
        "refresh_token": held is not None and held.refresh_token is not None,
        "id_token": held is not None and held.id_token is not None,
        "code": run.begun is not None and bool(run.begun.code),
    }
    return frozenset(name for name in attack.needs if not present.get(name, False))
