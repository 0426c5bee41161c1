"""Signals by name and number, as Linux numbers them on x86_64 and arm64 (signal(7)).

A table of our own, not the `signal` module's: what a container gets must not depend on where this code runs.
"""

from pier.domain.errors import InvalidArgument

SIGKILL = 9
SIGTERM = 15
_RTMIN = 34  # as glibc counts; the kernel's first two belong to the threading library
_RTMAX = 64

_IN_ORDER = (  # from 1 on
    "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT "
    "CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS"
)
_NAMES = tuple(_IN_ORDER.split())
_NUMBERS = {name: number for number, name in enumerate(_NAMES, start=1)}
_ALIASES = {"IOT": 6, "CLD": 17, "POLL": 29, "UNUSED": 31}
_REAL_TIME = {
    "RTMIN": _RTMIN,
    "RTMAX": _RTMAX,
    **{f"RTMIN+{n}": _RTMIN + n for n in range(1, 16)},
    **{f"RTMAX-{n}": _RTMAX - n for n in range(1, 15)},
}
_ALL = {**_NUMBERS, **_ALIASES, **_REAL_TIME}


def parse_signal(text: str) -> int:
    """The number of `TERM`, `SIGTERM`, `sigterm`, `15` or `RTMIN+3`. Raises InvalidArgument for anything else."""
    if text.isascii() and text.isdigit():
        number = int(text) if len(text) < 10 else 0
        if 1 <= number <= _RTMAX:
            return number
        if number > _RTMAX:
            raise InvalidArgument(f"the linux daemon does not support signal {number}")
        raise InvalidArgument(f"invalid signal: {text}")
    found = _ALL.get(text.upper().removeprefix("SIG"))
    if found is None:
        raise InvalidArgument(f"invalid signal: {text}")
    return found
