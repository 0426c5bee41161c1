import json
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmark.metrics import parts
from benchmark.session import Bench
from support.facilities import require_command

NewBench = Callable[..., Bench]


def test_the_bundle_runs_true(new_bench: NewBench, tmp_path: Path) -> None:
    bench = new_bench("parts", busybox=require_command("busybox"), runc=require_command("runc"))
    bundle = parts.make_bundle(bench, tmp_path / "root")
    process = json.loads((bundle / "config.json").read_text())["process"]
    assert (process["args"], process["terminal"]) == (["/bin/busybox", "true"], False)
    assert (bundle / "rootfs/bin/sh").is_symlink()


def test_commands_end_with_what_they_began(new_bench: NewBench, tmp_path: Path) -> None:
    first, second = (parts.commands(new_bench("parts"), tmp_path) for _ in range(2))
    assert first["runc_run"][-1] != second["runc_run"][-1]
    added = [part.removesuffix("_add") for part in first if part.endswith("_add")]
    assert sorted(added) == sorted(part.removesuffix("_del") for part in first if part.endswith("_del"))


def test_a_part_that_fails_is_a_failure(new_bench: NewBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "make_bundle", lambda bench, root: root)
    monkeypatch.setattr(parts, "commands", lambda bench, bundle: {"good": ["true"], "bad": ["false"]})
    monkeypatch.setattr(parts, "mount_overlay", lambda bench, root: None)
    bench = new_bench("parts")
    parts.parts(bench)
    assert set(bench.rows["parts.good"].values) == {"host"}
    assert set(bench.rows["parts.bad"].failures) == {"host"}
