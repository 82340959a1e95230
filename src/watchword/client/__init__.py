"""STEP 3: the relying party's side. Sign in through a browser, keep the tokens, refresh them, present them.

``browser_login`` holds the protocol and does no I/O; ``loopback_login`` drives it for a command line, a web
application drives it from its own routes (``watchword.demo.browser`` shows how). ``token_cache`` keeps tokens,
``refresh`` renews them once, however many threads and processes ask.
"""
