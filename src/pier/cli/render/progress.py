"""Docker's progress streams (pull, push, load): one line a layer that is redrawn on a terminal, plain lines elsewhere.

On a terminal each layer shows its rate, and a line below them all how far they are together.
"""

from pier.cli.errors import CliError
from pier.cli.render.rates import Rates
from pier.cli.render.units import decimal_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

_WIDE, _BAR = 110, 50
_TOTAL = "\0total"  # the row of all together; no layer is named so
_ARRIVED = ("Verifying Checksum", "Download complete", "Pushed")


class ProgressView:
    """Shows the messages of one stream. `write` gets text; `width` is the terminal's, 0 when there is none."""

    def __init__(self, write: "Callable[[str], object]", width: int = 0) -> None:
        self._write = write
        self._width = width
        self._rows: dict[str, int] = {}
        self._lines = 0
        self._rates = Rates()

    def show_all(self, messages: "Iterable[Any]") -> None:
        """Show every message. Raises CliError for an error in the stream."""
        for message in messages:
            self.show(message)

    def show(self, message: "dict[str, Any]") -> None:
        """Show one message. Raises CliError when it is an error."""
        failure = (message.get("errorDetail") or {}).get("message") or message.get("error")
        if failure:
            raise CliError(str(failure))
        if "stream" in message:
            self._write(str(message["stream"]))
            return
        if "status" not in message:
            return
        identity, status = str(message.get("id") or ""), str(message["status"])
        detail = message.get("progressDetail") or {}
        progress = progress_text(detail, self._width)
        if not self._width:
            if not progress:
                self._write(f"{identity}: {status}\n" if identity else f"{status}\n")
            return
        progress += self._count(identity, status, detail)
        self._redraw(identity, status, progress)
        if total := self._rates.total():
            self._draw(_TOTAL, total)

    def _count(self, identity: str, status: str, detail: "dict[str, Any]") -> str:
        current, total = int(detail.get("current") or 0), int(detail.get("total") or 0)
        if status in _ARRIVED:
            self._rates.done(identity)
        return self._rates.count(identity, status, current, total)

    def _redraw(self, identity: str, status: str, progress: str) -> None:
        if not identity:
            self._write(f"{status}\n")
            self._rows.clear()
            self._lines = 0
            self._rates = Rates()
            return
        self._draw(identity, f"{identity}: {status}{' ' if progress else ''}{progress}")

    def _draw(self, identity: str, text: str) -> None:
        row = self._rows.get(identity)
        if row is None:
            self._rows[identity] = self._lines
            self._lines += 1
            self._write(f"{text}\n")
            return
        up = self._lines - row
        self._write(f"\x1b[{up}A\x1b[2K\r{text}\r\x1b[{up}B")


def progress_text(detail: "dict[str, Any]", width: int) -> str:
    """`[=====>      ]  1.2MB/3.4MB`; "" when nothing is known."""
    current, total = int(detail.get("current") or 0), int(detail.get("total") or 0)
    if current <= 0 and total <= 0:
        return ""
    if detail.get("units") == "s":
        return f"{current}s"
    if total <= 0 or current > total:
        return f"{decimal_size(current, 4):>8}"
    bar = ""
    if width > _WIDE:
        done = min(_BAR, current * _BAR // total)
        bar = f"[{'=' * done}>{' ' * (_BAR - done)}] " if done < _BAR else f"[{'=' * _BAR}>] "
    return f"{bar}{decimal_size(current, 4):>8}/{decimal_size(total, 4)}"
