"""What a pidfd tells of the end of a process that is not our child.

Since Linux 6.15 a pidfd held while its process is reaped goes on to tell with what it ended (struct pidfd_info,
include/uapi/linux/pidfd.h; checked on 6.18). It tells nothing before that: a process that has ended but was not reaped
yet has no exit information.
"""

import errno
import fcntl
import os
import select
import struct

# mask and cgroupid; pid, tgid, ppid and eight ids of user and group; exit_code: the first published form, of 64 bytes.
_INFO = struct.Struct("=2Q11Ii")
_WITH_EXIT = 1 << 3  # PIDFD_INFO_EXIT
_GET_INFO = 3 << 30 | _INFO.size << 16 | 0xFF << 8 | 11  # _IOWR(PIDFS_IOCTL_MAGIC, 11, struct pidfd_info)
_UNSUPPORTED = frozenset({errno.ENOTTY, errno.EINVAL, errno.EOPNOTSUPP})


class NoExitInformation(Exception):
    """This kernel tells nothing of a process that was reaped."""


def has_ended(pidfd: int) -> bool:
    """Whether the process, with all its threads, has ended; it may still be there for its parent to reap."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))


def exit_status(pidfd: int) -> int | None:
    """What the process ended with, 128+n for signal n; None while it runs or was not reaped yet.

    Raises NoExitInformation where the kernel is too old (ESRCH is what 6.13 and 6.14 say of a process that is gone).
    """
    reply = bytearray(_INFO.pack(_WITH_EXIT, *[0] * 13))
    try:
        fcntl.ioctl(pidfd, _GET_INFO, reply)
    except OSError as error:
        if error.errno in _UNSUPPORTED or error.errno == errno.ESRCH:
            raise NoExitInformation from error
        raise
    mask, *_, wait_status = _INFO.unpack(reply)
    if not mask & _WITH_EXIT:
        return None
    code = os.waitstatus_to_exitcode(wait_status)
    return code if code >= 0 else 128 - code
