"""The moments at which a pierd can be made to die: right before or right after each act that outlives it.

The points are methods of the engine's ports: whatever the engine does to the world goes through them, so that between
two of them there is nothing that another process could see.
"""

from dataclasses import dataclass

_ACTS = {
    "records": ("commit",),
    "tasks": ("create", "start", "add_exec", "kill", "delete"),
    "objects": ("create", "delete"),
    "snapshots": ("prepare", "remove", "commit"),
    "content": ("write", "set_labels"),
    "image_records": ("put", "delete"),
    "diffs": ("apply",),
    "streams": ("open",),
    "networks": ("open_netns", "connect", "publish", "disconnect", "close_netns"),
    "host": ("container_files", "remove_container_files", "open_shm", "close_shm"),
}


@dataclass(frozen=True)
class Point:
    """`moment` is before or after the `number`-th call of `port`.`method` since the point was armed."""

    moment: str
    port: str
    method: str
    number: int = 1

    def __str__(self) -> str:
        return f"{self.moment} {self.port}.{self.method}"

    def encode(self) -> str:
        """As `dying_pierd` reads it."""
        return f"{self.moment}:{self.port}:{self.method}:{self.number}"

    @classmethod
    def decode(cls, text: str) -> "Point":
        moment, port, method, number = text.split(":")
        return cls(moment, port, method, int(number))


POINTS = [
    Point(moment, port, method)
    for port, methods in _ACTS.items()
    for method in methods
    for moment in ("before", "after")
]
