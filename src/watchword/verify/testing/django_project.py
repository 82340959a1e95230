"""A Django project makes its protection when the first request comes; tests want to know it before."""

import sys
from importlib import import_module


def wake_django() -> None:
    """Make the protection of this process's Django project, if there is one that has the setting ``WATCHWORD``.

    Raises:
        VerifierSettingsError: an option in the setting makes no sense.
    """
    conf = sys.modules.get("django.conf")
    # Nothing is loaded that the process has not loaded itself, and settings are not read before their time.
    if conf is not None and conf.settings.configured and hasattr(conf.settings, "WATCHWORD"):
        import_module("watchword.django.settings").protection()
