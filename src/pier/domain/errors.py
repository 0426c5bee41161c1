"""What can go wrong, as a closed set of kinds.

An error is a *kind* and one sentence: what failed, on what, why, and what to do. It is translated twice, on the way
in (gRPC status, errno, registry reply -> kind, in the adapters) and on the way out (kind -> HTTP status, in the API).

    PierError                       anything else: 500
    |- InvalidArgument              400  a bad name, filter, option
    |- Unauthenticated              401  the registry wants a login
    |- PermissionDenied             403  refused by policy
    |- NotFound                     404  no such container, image, network, exec
    |- Conflict                     409  name taken, not running, removal in progress
    |- NotModified                  304  already started, already stopped
    |- Unsupported                  501  an endpoint or option that Pier lacks, named in the message
    |- Unavailable                  503  containerd is away; not a swarm manager
    `- StartFailed                  400 or 500, by its exit code: the OCI runtime refused to start a process
       `- ShimGone                  500  the process in front of the runtime ended meanwhile
"""


class PierError(Exception):
    """The root of every error that a user may see; on its own it is an internal failure (500)."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidArgument(PierError):
    """The request cannot be right, whatever the state of the engine."""


class Unauthenticated(PierError):
    """Somebody (a registry) wants credentials, or better ones."""


class PermissionDenied(PierError):
    """A policy refuses it."""


class NotFound(PierError):
    """A thing named in the request does not exist."""


class Conflict(PierError):
    """The request is right but the present state forbids it."""


class NotModified(PierError):
    """Nothing to do: the thing is already in that state. Carries no body."""


class Unsupported(PierError):
    """Pier lacks this endpoint or option; the message names it."""


class Unavailable(PierError):
    """Something Pier depends on does not answer; trying again later may help."""


class StartFailed(PierError):
    """The OCI runtime could not start a process; `exit_code` is what a shell would report.

    127: the command was not found, 126: it cannot be executed (both the user's mistake), 128: anything else.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code

    @property
    def is_users_mistake(self) -> bool:
        return self.exit_code in (126, 127)


class ShimGone(StartFailed):
    """The shim that should have made the process ended before it did."""
