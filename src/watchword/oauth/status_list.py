"""What issuer and verifier must mean alike of a Token Status List.

https://datatracker.ietf.org/doc/draft-ietf-oauth-status-list/ (sections 4 to 8)
"""

# A list is a JWT of this type, alone in a body of this media type.
TYPE = "statuslist+jwt"
MEDIA_TYPE = f"application/{TYPE}"
VALID = 0
BITS = (1, 2, 4, 8)  # of one status
