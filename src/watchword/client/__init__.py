"""STEP 3: the relying party's side. Sign in through a browser, keep the tokens, refresh them, present them.

``browser_login`` holds the protocol and does no I/O; ``loopback_login`` drives it for a command line, a web
application drives it from its own routes (``watchword.demo.browser`` shows how). ``token_cache`` keeps tokens,
``refresh`` renews them once, however many threads and processes ask.

``httpx2`` and ``httpx`` are auth classes for those libraries, over one core: ``protected_request`` decides what a
request carries and what its answer means, ``renewal`` when tokens are renewed, ``token_source`` makes one renewal serve
everybody who waits. Nothing is imported here: each is loaded by whoever names it.
"""
