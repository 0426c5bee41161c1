"""Which context a command runs in, and the address that it stands for: docker's rules of precedence.

--context, else --host (the default context), else PIER_HOST or DOCKER_HOST (the same), else DOCKER_CONTEXT, else what
`context use` has written into config.json, else the default.
"""

from pier.cli.errors import CliError
from pier.client.address import DEFAULT_ADDRESS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

DEFAULT = "default"


def host_variable(environ: "Mapping[str, str]") -> str:
    """The name of the variable that gives the address of the default context; "" when none is set."""
    return next((name for name in ("PIER_HOST", "DOCKER_HOST") if environ.get(name)), "")


def choose_context(
    flag: str, host: str, environ: "Mapping[str, str]", config: "Callable[[], Mapping[str, Any]]"
) -> str:
    """The name of the context in use, whether there is such a one or not. Raises CliError for --host beside --context.

    `config` reads config.json, and is asked only where it matters.
    """
    if flag and host:
        raise CliError("conflicting options: cannot specify both --host and --context")
    if flag:
        return flag
    if host or host_variable(environ):
        return DEFAULT
    return environ.get("DOCKER_CONTEXT") or str(config().get("currentContext") or "") or DEFAULT


def default_host(host: str, environ: "Mapping[str, str]") -> str:
    """The address of the default context."""
    return host or environ.get(host_variable(environ), "") or DEFAULT_ADDRESS
