"""The API that the projects share an idea of: notes, read with one scope and written with another."""

NAME = "Notes"
SCOPES = (("notes:read", "Read the notes"), ("notes:write", "Add notes"))
