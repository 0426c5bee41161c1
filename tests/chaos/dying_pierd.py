"""pierd with a death wish: killed by its own hand at the point that the environment names, once the trigger is there.

PIER_CHAOS_POINT=after:tasks:create:1 PIER_CHAOS_TRIGGER=/path python tests/chaos/dying_pierd.py FLAGS...
"""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from chaos.points import Point
from pier import daemon
from pier.engine.context import Ports


class Doomed:
    """A port, of which one method is fatal; everything else is passed on."""

    def __init__(self, port: Any, point: Point, trigger: Path) -> None:
        self._port = port
        self._point = point
        self._trigger = trigger
        self._left = point.number

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        return self._fatal(found) if name == self._point.method else found

    def _fatal(self, method: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **named: Any) -> Any:
            is_last = self._trigger.exists() and self._count_down()
            if is_last and self._point.moment == "before":
                die()
            result = await method(*args, **named)
            if is_last:
                die()
            return result

        return call

    def _count_down(self) -> bool:
        self._left -= 1
        return self._left <= 0


def die() -> None:
    """As `kill -9` does it: nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    point = Point.decode(os.environ["PIER_CHAOS_POINT"])
    trigger = Path(os.environ["PIER_CHAOS_TRIGGER"])
    make = daemon._ports

    def doomed_ports(*args: Any, **named: Any) -> Ports:
        ports = make(*args, **named)
        doomed: Any = Doomed(getattr(ports, point.port), point, trigger)
        return replace(ports, **{point.port: doomed})

    daemon._ports = doomed_ports
    daemon.main()


if __name__ == "__main__":
    main()
