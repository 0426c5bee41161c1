"""The headers of every reply that came from a route."""

from pier import __version__
from pier.api.http.messages import Headers
from pier.api.versions import NEWEST_TEXT

# Clients read the operating system out of the Server header, by a pattern that begins with `Docker/`.
_SERVER = ("Server", f"Docker/{__version__} (linux)")
STANDARD_HEADERS: Headers = (
    ("Api-Version", NEWEST_TEXT),
    ("Docker-Experimental", "false"),
    ("Ostype", "linux"),
    _SERVER,
)
VERSION_ERROR_HEADERS: Headers = (("Api-Version", NEWEST_TEXT), ("Ostype", "linux"), _SERVER)
