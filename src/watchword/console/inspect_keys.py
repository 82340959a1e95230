"""Keys of an issuer that somebody typed into a page: fetched as from a stranger (THREATS J86, J87)."""

from watchword.fetch import HOSTILE, FetchError, aget_json
from watchword.jose.errors import InvalidKeyError
from watchword.jose.jwk_set import KeySet
from watchword.oauth.metadata import openid_configuration_url
from watchword.verify.published_keys import read_published_keys


async def stranger_keys(issuer: str, algorithms: tuple[str, ...]) -> KeySet:
    """The keys that ``issuer`` publishes; https and public addresses only, for its metadata and for its keys.

    Args:
        issuer: its identifier, which its metadata must repeat byte for byte.
        algorithms: those that keys may be for.

    Raises:
        FetchError: they cannot be had; the sentence says why.
    """
    metadata = (await aget_json(openid_configuration_url(issuer), policy=HOSTILE)).value
    if metadata.get("issuer") != issuer:
        raise FetchError("the metadata is of another issuer")
    address = metadata.get("jwks_uri")
    if not isinstance(address, str) or not address:
        raise FetchError("the issuer's metadata names no key set")
    document = await aget_json(address, policy=HOSTILE)
    try:
        return read_published_keys(document.value, algorithms)
    except InvalidKeyError as error:
        raise FetchError(error.sentence) from error
