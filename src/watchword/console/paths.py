"""The console's addresses."""

SETUP = "/setup"
CONSOLE = "/console"
SIGN_OUT = "/console/sign-out"
INSPECT = "/console/inspect"
