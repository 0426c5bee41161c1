"""Against real processes: what the kernel tells is all that counts."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.exits import kernel_tells

from pier.host.pidfd import NoExitInformation, exit_status, has_ended


@contextmanager
def held(*command: str) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """A process with its pidfd."""
    with subprocess.Popen(command) as process:
        pidfd = os.pidfd_open(process.pid)
        try:
            yield process, pidfd
        finally:
            os.close(pidfd)
            process.kill()


told = pytest.mark.skipif(not kernel_tells(), reason="this kernel is older than Linux 6.15")


@told
@pytest.mark.parametrize("code", [0, 23, 255])
def test_the_code_of_a_process_that_was_reaped(code: int) -> None:
    with held("sh", "-c", f"exit {code}") as (process, pidfd):
        process.wait()
        assert has_ended(pidfd)
        assert exit_status(pidfd) == code


@told
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGABRT])
def test_a_signal_counts_from_128(number: signal.Signals) -> None:
    with held("sleep", "1000") as (process, pidfd):
        assert exit_status(pidfd) is None  # it runs
        assert not has_ended(pidfd)
        process.send_signal(number)
        process.wait()
        assert exit_status(pidfd) == 128 + number


@told
def test_a_process_that_was_not_reaped_yet_has_no_code() -> None:
    with held("sh", "-c", "exit 3") as (process, pidfd):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert has_ended(pidfd)
        assert exit_status(pidfd) is None
        process.wait()
        assert exit_status(pidfd) == 3


def test_what_is_no_pidfd_tells_nothing() -> None:
    descriptor = os.memfd_create("other")
    try:
        with pytest.raises(NoExitInformation):
            exit_status(descriptor)
    finally:
        os.close(descriptor)
