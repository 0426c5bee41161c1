"""The kernel's refusals as Pier's errors, at this adapter's border."""

import contextlib
import errno
from collections.abc import Iterator

from pier.domain.errors import Conflict, PierError


@contextlib.contextmanager
def translated(what: str) -> Iterator[None]:
    """Turns an OSError of the body into an error that says `cannot <what>` and why."""
    try:
        yield
    except OSError as error:
        raise _translate(error, what) from error


def _translate(error: OSError, what: str) -> PierError:
    if error.errno == errno.EXFULL:
        return Conflict(f"cannot {what}: a Linux bridge takes 1023 ports; put some containers on another network")
    if error.errno in (errno.EEXIST, errno.EADDRINUSE):
        return Conflict(f"cannot {what}: it exists already")
    if error.errno in (errno.EPERM, errno.EACCES):
        return PierError(f"cannot {what}: operation not permitted; pierd needs CAP_NET_ADMIN and CAP_SYS_ADMIN")
    return PierError(f"cannot {what}: {error.strerror or error}")
