"""How clients come by tokens: one file for each grant type, all of them in `GRANTS`."""

from watchword.issuer.grants.authorization_code import AuthorizationCodeGrant
from watchword.issuer.grants.client_credentials import ClientCredentials
from watchword.issuer.grants.grant import GrantType
from watchword.issuer.grants.refresh_token import RefreshTokenGrant

GRANTS: tuple[GrantType, ...] = (AuthorizationCodeGrant(), RefreshTokenGrant(), ClientCredentials())

__all__ = ["GRANTS"]
