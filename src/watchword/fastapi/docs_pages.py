"""The two pages of a sign-in from the interactive documentation: Swagger UI's, and the one the issuer sends back to.

Swagger UI opens the issuer's page in a window and expects that window to find its way back through ``window.opener``.
Issuers cut that tie for good reason (``Cross-Origin-Opener-Policy``), so the two pages here speak over a channel that
only pages of this origin hear.
"""

from base64 import b64encode
from hashlib import sha256

# Swagger UI has put `swaggerUIRedirectOauth2` into the page, with the state it sent and what to do with the answer.
# It also marks the token request with a header that makes browsers ask the issuer for permission to send it.
_LISTENING = """
(() => {
  const channel = new BroadcastChannel("watchword-sign-in");
  channel.onmessage = ({ data }) => {
    const begun = window.swaggerUIRedirectOauth2;
    const answer = new URLSearchParams(data.answer);
    if (!begun || !begun.state || answer.get("state") !== begun.state) return;
    delete window.swaggerUIRedirectOauth2;
    channel.postMessage({ taken: begun.state });
    const { auth, redirectUrl, callback, errCb } = begun;
    if (answer.get("code")) {
      auth.code = answer.get("code");
      callback({ auth, redirectUrl });
    } else {
      const told = [answer.get("error"), answer.get("error_description")].filter(Boolean).join(": ");
      errCb({ authId: auth.name, source: "auth", level: "error", message: told || "no code came back" });
    }
  };
  const configuration = ui.getConfigs();
  const further = configuration.requestInterceptor;
  configuration.requestInterceptor = (request) => {
    if (request.headers) delete request.headers["X-Requested-With"];
    return further ? further(request) : request;
  };
})();
"""

_TELLING = """
const answer = location.search;
const state = new URLSearchParams(answer).get("state");
const channel = new BroadcastChannel("watchword-sign-in");
history.replaceState(null, "", location.pathname);
channel.onmessage = ({ data }) => {
  if (!state || data.taken !== state) return;
  document.body.textContent = "Back to the documentation: this window can be closed.";
  window.close();
};
channel.postMessage({ answer });
"""

RETURN_PAGE = f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Signing in</title></head>
<body>Begin the sign-in in the documentation, and leave that page open.
<script>{_TELLING}</script></body>
</html>
"""

RETURN_HEADERS = {
    "content-security-policy": (
        f"default-src 'none'; script-src 'sha256-{b64encode(sha256(_TELLING.encode()).digest()).decode()}'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}


def listening(page: bytes) -> bytes:
    """Swagger UI's page, which then hears how a sign-in ended."""
    before, end, after = page.rpartition(b"</body>")
    return before + f"<script>{_LISTENING}</script>\n".encode() + end + after
