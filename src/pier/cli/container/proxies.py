"""`proxies` of config.json: what new containers are told of the proxies where they run, as docker's CLI tells them."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_VARIABLES = {
    "httpProxy": "HTTP_PROXY",
    "httpsProxy": "HTTPS_PROXY",
    "noProxy": "NO_PROXY",
    "ftpProxy": "FTP_PROXY",
    "allProxy": "ALL_PROXY",
}


def proxy_variables(config: "Mapping[str, Any]", host: str, items: "list[str]") -> "list[str]":
    """The NAME=value entries to add to `items` (--env): each in capitals and in small letters, unless it is given.

    The settings are those of the engine's address, else those under `default`.
    """
    proxies = config.get("proxies")
    if not isinstance(proxies, dict):
        return []
    settings = proxies.get(host) or proxies.get("default")
    if not isinstance(settings, dict):
        return []
    given = {item.partition("=")[0] for item in items}
    return [
        f"{name}={settings[key]}"
        for key, variable in _VARIABLES.items()
        for name in (variable, variable.lower())
        if settings.get(key) and name not in given
    ]
