"""Whether this kernel tells of the ends of processes that are not ours (Linux 6.15 and later)."""

import functools
import os
import subprocess

from pier.host.pidfd import NoExitInformation, exit_status


@functools.cache
def kernel_tells() -> bool:
    with subprocess.Popen(["true"]) as process:
        pidfd = os.pidfd_open(process.pid)
        process.wait()
        try:
            return exit_status(pidfd) == 0
        except NoExitInformation:
            return False
        finally:
            os.close(pidfd)
