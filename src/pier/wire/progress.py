"""Lines of progress: pulls, pushes and loads send one JSON object a line, each ended by CR LF."""

from typing import Any

from msgspec import field

from pier.wire.shape import UNSET, Omitted, Shape, compact
from pier.wire.sizes import human_size

_BAR = 50


class ProgressDetail(Shape, kw_only=True, rename=None, omit_defaults=True):
    """Bytes done and in all; both absent when unknown."""

    current: int = 0
    total: int = 0


class ErrorDetail(Shape, kw_only=True, rename=None, omit_defaults=True):
    code: int = 0
    message: str = ""


class ProgressLine(Shape, kw_only=True, rename=None):
    """One line; which keys are there depends on what it says."""

    stream: Omitted[str] = UNSET
    status: Omitted[str] = UNSET
    progress_detail: Omitted[ProgressDetail] = field(default=UNSET, name="progressDetail")
    progress: Omitted[str] = UNSET
    id: Omitted[str] = UNSET
    error_detail: Omitted[ErrorDetail] = field(default=UNSET, name="errorDetail")
    error: Omitted[str] = UNSET
    aux: Any = UNSET


def progress_bytes(line: ProgressLine) -> bytes:
    """The line as it is sent."""
    return compact(line) + b"\r\n"


def error_line(message: str, code: int = 0) -> ProgressLine:
    """The last line of a stream that failed after its first line had been sent."""
    return ProgressLine(error_detail=ErrorDetail(code=code, message=message), error=message)


def bar(current: int, total: int) -> str:
    """`[====>      ]  32.77kB/3.1MB` for terminals that draw no bar of their own; without a total only the size."""
    if total <= 0 or current > total:
        return f"{human_size(current):>8}"
    done = _BAR * current // total
    drawn = "=" * done + (">" if done < _BAR else "")
    return f"[{drawn:<{_BAR}}] {human_size(current):>8}/{human_size(total)}"
