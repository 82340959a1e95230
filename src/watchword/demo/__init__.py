"""The demonstration that ``watchword up`` starts beside the issuer, in a process of its own and with no database.

``orders`` is a protected API as you would write it; ``browser`` is a web application that calls it for a signed-in
person and keeps the tokens on the server. Both know the issuer by its name only.
"""
