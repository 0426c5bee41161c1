"""gRPC statuses and refusals of the OCI runtime as kinds of `pier.domain.errors`: the one border for both."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import grpc.aio

from pier.domain.errors import (
    Conflict,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    PierError,
    ShimGone,
    StartFailed,
    Unauthenticated,
    Unavailable,
    Unsupported,
)

_KINDS: dict[grpc.StatusCode, type[PierError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgument,
    grpc.StatusCode.OUT_OF_RANGE: InvalidArgument,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDenied,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.ALREADY_EXISTS: Conflict,
    grpc.StatusCode.FAILED_PRECONDITION: Conflict,  # "task must be stopped", "snapshot has children"
    grpc.StatusCode.UNIMPLEMENTED: Unsupported,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
}
# Characters at either end of a text by which it is told what it is about: what stands between them, the program's name,
# may be of a hostile image and megabytes long.
_TELLING = 2000
# What a shell reports: 127 "command not found", 126 "cannot execute" (POSIX, Shell Command Language, 2.8.2).
# runc quotes the command behind `exec:`, crun says `executable file` or `exec container process`.
_NOT_FOUND = re.compile(
    r"executable file .*not found|exec:? [\"/].*: no such file or directory|open executable: no such file or directory"
    r"|exec container process .*: no such file or directory"
    r"|chdir to cwd .* failed: no such file or directory",
    re.IGNORECASE | re.DOTALL,
)
_NOT_EXECUTABLE = re.compile(
    r"(exec:? [\"/].*|exec container process .*|open executable): "
    r"(permission denied|is a directory|exec format error)",
    re.IGNORECASE | re.DOTALL,
)
_REASON = re.compile(r"No such file or directory|Permission denied|Is a directory|Exec format error")
# The shim's state machine has no status of its own: "cannot delete a running process: unknown".
_WRONG_STATE = re.compile(r"cannot \w+ an? (created|running|paused|stopped|deleted) (process|container|state)")
# The connection to a shim broke, or its socket (named by a hash) has nobody behind it any more.
_SHIM_GONE = re.compile(
    r"ttrpc: (\w+ )?closed|/s/[0-9a-f]{64}: connect: (connection refused|no such file or directory)"
)
# The directory of a task (its bundle) is there before the task can be seen.
_IN_THE_MAKING = re.compile(r"mkdir /\S+: file exists$")
_CONNECTION = (
    "containerd at {socket} does not answer ({reason}); is containerd running? "
    "Start it, or name its socket with --containerd"
)


def start_failure(text: str) -> int:
    """The exit code for an OCI runtime's refusal to start a process, by its words: 127, 126, or 128 for the rest."""
    ends = text if len(text) <= 2 * _TELLING else f"{text[:_TELLING]}…{text[-_TELLING:]}"
    if _NOT_FOUND.search(ends):
        return 127
    if _NOT_EXECUTABLE.search(ends):
        return 126
    return 128


@contextmanager
def translated(what: str, *, socket: str = "containerd's socket", starting: str | None = None) -> Iterator[None]:
    """Raises the kind that a failed call stands for, as `cannot <what>: <containerd's words>`.

    `starting` marks calls that run a process: what the OCI runtime refuses there is StartFailed, its words behind
    that prefix, ShimGone where there is no shim to run it, and Conflict where another call is making the same.
    """
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise _translate(error, what, socket, starting) from error
    except grpc.aio.UsageError as error:
        raise Unavailable(f"cannot {what}: the connection to containerd at {socket} is closed") from error


def _translate(error: grpc.aio.AioRpcError, what: str, socket: str, starting: str | None) -> PierError:
    code = error.code()
    text = _plain(error.details() or code.name.lower())
    if starting is not None and _SHIM_GONE.search(text):
        return ShimGone(starting + text, 128)
    if starting is not None and "OCI runtime" not in text and _IN_THE_MAKING.search(text):
        return Conflict(f"cannot {what}: another call makes it just now: {text}")
    if starting is not None and _is_runtime_refusal(code, text):
        return StartFailed(starting + _as_go_says(text), start_failure(text))
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Unavailable(
            f"cannot {what}: containerd at {socket} gave no answer in time; try again, or look at its log"
        )
    if is_connection_lost(error):
        return Unavailable(f"cannot {what}: {_CONNECTION.format(socket=socket, reason=_reason(text))}")
    if code is grpc.StatusCode.UNKNOWN and _WRONG_STATE.search(text):
        return Conflict(f"cannot {what}: {text}")
    return _KINDS.get(code, PierError)(f"cannot {what}: {text}")


def is_connection_lost(error: grpc.aio.AioRpcError) -> bool:
    """Whether gRPC itself, not containerd, reports UNAVAILABLE or CANCELLED: its own words end with the kind's name."""
    if error.code() is grpc.StatusCode.CANCELLED:
        return True  # not by us: a cancelled caller sees CancelledError
    return error.code() is grpc.StatusCode.UNAVAILABLE and not (error.details() or "").endswith("unavailable")


def _is_runtime_refusal(code: grpc.StatusCode, text: str) -> bool:
    return code in (grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL) or "OCI runtime" in text


def _plain(text: str) -> str:
    """containerd ends what it cannot name with `: unknown`, which tells nobody anything."""
    return text.removesuffix(": unknown")


def _as_go_says(text: str) -> str:
    """crun's reasons in the letters that Go has them in: docker's CLI finds its exit code by these words."""
    return _REASON.sub(lambda match: match[0].lower(), text)


def _reason(text: str) -> str:
    """gRPC's last error without its lists of addresses.

    docker's CLI takes "no such file or directory" in any error for a missing command, so a missing socket is named so.
    """
    reason = text.rpartition(": ")[2].strip().lower() or "connection lost"
    return reason.replace("no such file or directory", "no such socket")
