"""What a process holds: memory of its own, descriptors, threads."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Footprint:
    """`memory` is in bytes: pages that this process alone has (Private_* of smaps_rollup, proc(5))."""

    memory: int
    descriptors: int
    threads: int

    def __str__(self) -> str:
        return f"{self.memory / 1e6:.1f} MB, {self.descriptors} descriptors, {self.threads} threads"


def footprint_of(pid: int) -> Footprint:
    """Raises OSError when the process is gone."""
    process = Path(f"/proc/{pid}")
    private = re.findall(r"^Private_\w+:\s+(\d+) kB", (process / "smaps_rollup").read_text(), re.MULTILINE)
    return Footprint(
        memory=sum(map(int, private)) * 1024,
        descriptors=len(list((process / "fd").iterdir())),
        threads=len(list((process / "task").iterdir())),
    )
