"""Protect a gRPC server.

protect = ProtectInterceptor(
    issuer="https://auth.example.com",
    audience="https://api.example.com",
    methods={"/orders.Orders/List": ["orders:read"]},
)
server = grpc.server(ThreadPoolExecutor(), interceptors=[protect])       # grpc.aio: AsyncProtectInterceptor
# in a method: watchword.grpc.current_claims().sub
"""

try:
    import grpc as _grpc
except ImportError as error:
    raise ImportError('watchword.grpc needs gRPC: pip install "watchword[grpc]"') from error

from watchword.grpc.aio import AsyncProtectInterceptor
from watchword.grpc.blocking import ProtectInterceptor
from watchword.grpc.calls import current_claims

assert _grpc

__all__ = ["AsyncProtectInterceptor", "ProtectInterceptor", "current_claims"]
