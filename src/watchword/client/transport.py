"""The client's few HTTP exchanges, through the one guarded door, with the client's own errors."""

from typing import Any

from watchword.client.errors import DiscoveryError, TokenRequestError
from watchword.client.token_endpoint import FormPost
from watchword.fetch import Answer, FetchError, aget_json, apost_form, get_json, post_form


def get_document(url: str, *, danger_allow_http: bool = False) -> dict[str, Any]:
    """The JSON object at ``url``.

    Raises:
        DiscoveryError: there is none, or it may not be asked for.
    """
    try:
        return get_json(url, danger_allow_http=danger_allow_http).value
    except FetchError as error:
        raise DiscoveryError(f"a metadata document cannot be had: {error.sentence}", detail=error.detail) from error


async def aget_document(url: str, *, danger_allow_http: bool = False) -> dict[str, Any]:
    """As `get_document`, without blocking the event loop."""
    try:
        return (await aget_json(url, danger_allow_http=danger_allow_http)).value
    except FetchError as error:
        raise DiscoveryError(f"a metadata document cannot be had: {error.sentence}", detail=error.detail) from error


def post(form: FormPost) -> tuple[int, dict[str, Any] | None]:
    """Status and JSON body of what ``form`` was answered with.

    Raises:
        TokenRequestError: nothing came back; whether the request had an effect is not known.
    """
    answer = post_for_answer(form)
    return answer.status, answer.body


def post_for_answer(form: FormPost) -> Answer:
    """As `post`, with everything that was answered.

    Raises:
        TokenRequestError: see `post`.
    """
    try:
        return post_form(
            form.url,
            form.fields,
            headers=form.headers,
            policy=form.policy,
            danger_allow_http=form.danger_allow_http,
        )
    except FetchError as error:
        raise _no_answer(error) from error


async def apost(form: FormPost) -> tuple[int, dict[str, Any] | None]:
    """As `post`, without blocking the event loop."""
    try:
        answer = await apost_form(
            form.url,
            form.fields,
            headers=form.headers,
            policy=form.policy,
            danger_allow_http=form.danger_allow_http,
        )
    except FetchError as error:
        raise _no_answer(error) from error
    return answer.status, answer.body


def _no_answer(error: FetchError) -> TokenRequestError:
    return TokenRequestError(f"the issuer cannot be asked: {error.sentence}", error="no_answer")
