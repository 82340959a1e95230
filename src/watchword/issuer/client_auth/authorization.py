"""The Authorization header of a request, of which there is one or none."""

from starlette.requests import Request

from watchword.oauth.errors import InvalidRequestError


def authorization_of(request: Request) -> str | None:
    """The value of the Authorization header, or None.

    https://www.rfc-editor.org/rfc/rfc9110#section-5.3: it is no list, so that of two of them a proxy may read the one
    and we the other (O36).

    Raises:
        InvalidRequestError: there are several.
    """
    values = request.headers.getlist("authorization")
    if len(values) > 1:
        raise InvalidRequestError("the authorization header is sent more than once")
    return values[0] if values else None
