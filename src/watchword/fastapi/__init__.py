"""Protect a FastAPI application.

guard = Guard(issuer="https://auth.example.com", audience="https://api.example.com")
Reader = Annotated[VerifiedClaims, Security(guard, scopes=["orders:read"])]

@app.get("/orders")
def orders(caller: Reader) -> list[Order]: ...

@app.websocket("/orders/live")
async def live(websocket: WebSocket, caller: Reader) -> None: ...
"""

try:
    import fastapi as _fastapi  # noqa: F401  that it is there is what matters
except ImportError as error:
    raise ImportError('watchword.fastapi needs FastAPI: pip install "watchword[fastapi]"') from error

from watchword.fastapi.guard import Guard, StricterGuard
from watchword.fastapi.refusals import GuardRefusal

__all__ = ["Guard", "GuardRefusal", "StricterGuard"]
