"""pierd's configuration: flags over `daemon.json` over defaults, as one frozen Config. Imports nothing of ours.

Flags and keys have dockerd's names where dockerd has them. A key that Pier does not know is refused, as is a key given
both as a flag and in the file: silently preferring one would hide a mistake.
"""

from pier.config.flags import DEFAULT_CONFIG_FILE
from pier.config.loading import load, what_changed
from pier.config.settings import DEFAULT_HOST, Config, ConfigError, RuntimeSetting, UlimitSetting

__all__ = [
    "DEFAULT_CONFIG_FILE",
    "DEFAULT_HOST",
    "Config",
    "ConfigError",
    "RuntimeSetting",
    "UlimitSetting",
    "load",
    "what_changed",
]
