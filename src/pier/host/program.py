"""Whether a container's first process has become the program that it was made for.

`runc start` returns once its init process has been told to go on, which is some hundred microseconds before that calls
execve(2). A signal that comes in between is for a Go program, whose runtime ends with the code 2 where the kernel lets
the first process of a namespace ignore it (runtime/signal_unix.go, dieFromSignal).
"""

import asyncio
from pathlib import Path

_PROC = Path("/proc")
_RUNC = b"runc:["  # how runc calls its processes until then: runc:[2:INIT]
_FIRST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.02  # s


async def wait_for_program(pid: int, patience: float, proc: Path = _PROC) -> bool:
    """Waits until it has, or is gone; False when it still has not after `patience` seconds."""
    loop, pause = asyncio.get_running_loop(), _FIRST_PAUSE
    until = loop.time() + patience
    while _is_runc(pid, proc):
        if loop.time() >= until:
            return False
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    return True


def _is_runc(pid: int, proc: Path) -> bool:
    try:
        return (proc / str(pid) / "comm").read_bytes().startswith(_RUNC)
    except OSError:  # it has ended
        return False
