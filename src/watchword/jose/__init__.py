"""Keys and signatures: JWK, JWS and JWT in compact form. Knows nothing of OAuth, HTTP or time.

from watchword.jose import Key, KeySet, jwt

key = Key.generate("ES256")
token = jwt.encode({"sub": "alice"}, key, typ="at+jwt")
signed = jwt.decode(token, KeySet([key]), algorithms=("ES256",), typ="at+jwt")
"""

from watchword.jose import jws, jwt
from watchword.jose.errors import JOSEError
from watchword.jose.jwk import Key
from watchword.jose.jwk_set import KeySet
from watchword.jose.jwt import SignedClaims

__all__ = ["JOSEError", "Key", "KeySet", "SignedClaims", "jws", "jwt"]
