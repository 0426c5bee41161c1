"""What several runs of `--growth` have measured, an axis or more each, put together again from their JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.machine import sentences
from benchmark.samples import Row


@dataclass(frozen=True)
class Growth:
    """Figures of a climb by row, the engines in the order of the ratios, the points of each axis, and what to know."""

    rows: Mapping[str, Row]
    names: Sequence[str]
    axes: Mapping[str, Sequence[int]]
    notes: Sequence[str]


def read_parts(paths: Sequence[str]) -> Growth:
    """An axis that is in two of them is taken from the later one.

    Raises OSError, and ValueError for a file that is none of --growth or has other engines than the first.
    """
    rows: dict[str, Row] = {}
    axes: dict[str, Sequence[int]] = {}
    names: list[str] = []
    notes: list[str] = []
    for path in paths:
        part = json.loads(Path(path).read_text())
        if not isinstance(part, dict) or not part.get("axes"):
            raise ValueError(f"{path} is not what --growth --json writes")
        names = names or list(part["engines"])
        if names != list(part["engines"]):
            raise ValueError(f"{path} is of {', '.join(part['engines'])}, not of {', '.join(names)}")
        rows = {key: row for key, row in rows.items() if key.split(".")[0] not in part["axes"]}
        for key, row in part["metrics"].items():
            rows[key] = Row(row["unit"], row["samples"], row["failures"])
        axes |= part["axes"]
        noise = sentences(part["machine"], part["engines"])
        took = f"{', '.join(part['axes'])}: {part['seconds'] / 60:.0f} minutes. {noise[1]}"
        notes = [*(notes or [noise[0], *noise[2:]]), took]
    return Growth(rows, names, axes, notes)
