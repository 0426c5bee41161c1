import json
from pathlib import Path
from typing import Any

import pytest
from benchmark.growth.parts import read_parts

MACHINE = {
    "cpus": 2,
    "memory_gb": 4.0,
    "kernel": "6",
    "architecture": "x",
    "python": "3",
    "load_before": [1, 2, 3],
    "load_after": [4, 5, 6],
    "cpu_used": 7,
    "cpu_stolen": 0,
}


def write(path: Path, axes: dict[str, list[int]], *, value: float, engines: tuple[str, ...] = ("a", "b")) -> str:
    metrics: dict[str, Any] = {
        f"{axis}.ps.n{count}": {"unit": "ms", "samples": {"a": [value]}, "failures": {"b": ["gone"]}}
        for axis, counts in axes.items()
        for count in counts
    }
    about = {"machine": MACHINE, "engines": dict.fromkeys(engines), "seconds": 120}
    path.write_text(json.dumps({"axes": axes, "metrics": metrics, **about}))
    return str(path)


def test_axes_come_together_and_the_later_run_of_one_counts(tmp_path: Path) -> None:
    parts = [
        write(tmp_path / "1", {"images": [1, 9], "networks": [1]}, value=1),
        write(tmp_path / "2", {"images": [1]}, value=2),
        write(tmp_path / "3", {"finished": [5]}, value=3),
    ]
    found = read_parts(parts)
    assert found.axes == {"images": [1], "networks": [1], "finished": [5]}
    assert {key: row.values["a"] for key, row in found.rows.items()} == {
        "networks.ps.n1": [1],
        "images.ps.n1": [2],
        "finished.ps.n5": [3],
    }
    assert found.rows["images.ps.n1"].failures == {"b": ["gone"]}
    assert found.names == ["a", "b"]
    assert [note.split(".")[0] for note in found.notes[-2:]] == ["images: 2 minutes", "finished: 2 minutes"]


def test_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    first = write(tmp_path / "1", {"images": [1]}, value=1)
    with pytest.raises(ValueError, match="is of a, c, not of a, b"):
        read_parts([first, write(tmp_path / "2", {"images": [1]}, value=1, engines=("a", "c"))])
    with pytest.raises(ValueError, match="is not what --growth --json writes"):
        read_parts([write(tmp_path / "3", {}, value=1)])
