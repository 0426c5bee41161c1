"""What the engine has promised its clients, so that it can be held to it after its death."""

import threading
from dataclasses import dataclass, field


@dataclass
class Promise:
    """One container, by name. `created` and `removed` are true once the engine has said so; in doubt while neither.

    `exit_code` is what the container ends with once it was started, None where it is killed.
    """

    name: str
    container_id: str = ""
    created: bool = False
    started: bool = False
    removing: bool = False
    removed: bool = False
    exit_code: int | None = None
    lines: int = 0  # a writer: what its log must hold when it has ended


@dataclass
class Ledger:
    """All promises of a round, and the replies that should not have been."""

    promises: list[Promise] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    operations: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, name: str, *, exit_code: int | None = None, lines: int = 0) -> Promise:
        promise = Promise(name, exit_code=exit_code, lines=lines)
        with self._lock:
            self.promises.append(promise)
        return promise

    def count(self) -> None:
        with self._lock:
            self.operations += 1

    def complain(self, text: str) -> None:
        with self._lock:
            self.unexpected.append(text)
