"""Protect a Django project: one setting, then a middleware for all of it or a decorator for a view.

WATCHWORD = {"issuer": "https://auth.example.com", "audience": "https://api.example.com"}     # settings.py

@requires(scopes=["orders:read"])
def orders(request):
    return JsonResponse({"orders_of": request.claims.sub})

For Django REST framework see `watchword.django.rest`.
"""

try:
    import django as _django
except ImportError as error:
    raise ImportError('watchword.django needs Django: pip install "watchword[django]"') from error

from watchword.django.decorator import requires
from watchword.django.middleware import ProtectMiddleware
from watchword.django.settings import protection

assert _django

__all__ = ["ProtectMiddleware", "protection", "requires"]
