"""TOML and environment (with ``…_FILE`` twins for secrets) become `Settings`: all errors at once, unknown keys stop.

This package alone reads the environment.
"""

from watchword.config.environment import (
    data_directory,
    find_configuration,
    has_display,
    inherited,
    notify_socket,
    share_metrics_directory,
    wants_colour,
)
from watchword.config.loader import ConfigurationError, Explained, Loaded, load
from watchword.config.options import Option
from watchword.config.production import production_problems
from watchword.config.settings import LOOPBACK_HOSTS, Settings, all_options

__all__ = [
    "LOOPBACK_HOSTS",
    "ConfigurationError",
    "Explained",
    "Loaded",
    "Option",
    "Settings",
    "all_options",
    "data_directory",
    "find_configuration",
    "has_display",
    "inherited",
    "load",
    "notify_socket",
    "production_problems",
    "share_metrics_directory",
    "wants_colour",
]
