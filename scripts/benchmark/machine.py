"""The machine and the engines as a report names them, so that a figure can be judged and its run repeated."""

import os
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.engine import Engine
from benchmark.marks import CheckFailed


@dataclass(frozen=True)
class Ticks:
    """CPU time of the whole machine since its start, in clock ticks."""

    idle: int
    stolen: int
    total: int


@dataclass(frozen=True)
class Noise:
    """How busy the machine was at one moment."""

    load: tuple[float, float, float]
    ticks: Ticks


def listen_to_noise() -> Noise:
    """The load average and the CPU time so far."""
    return Noise(os.getloadavg(), read_ticks(Path("/proc/stat").read_text()))


def read_ticks(text: str) -> Ticks:
    """By /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal; guests are in the first two already."""
    fields = [int(field) for field in text.splitlines()[0].split()[1:9]]
    return Ticks(idle=fields[3] + fields[4], stolen=fields[7], total=sum(fields))


def describe_machine(before: Noise, after: Noise) -> dict[str, Any]:
    """Cores, kernel, load average before and after, and of all CPU time between the share used and stolen, in %."""
    passed = max(1, after.ticks.total - before.ticks.total)
    return {
        "cpus": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "load_before": [round(load, 2) for load in before.load],
        "load_after": [round(load, 2) for load in after.load],
        "cpu_used": round(100 - 100 * (after.ticks.idle - before.ticks.idle) / passed, 1),
        "cpu_stolen": round(100 * (after.ticks.stolen - before.ticks.stolen) / passed, 1),
    }


def describe_engines(engines: Sequence[Engine]) -> dict[str, Any]:
    """/version of each engine by name; None where it does not answer."""
    about: dict[str, Any] = {}
    for engine in engines:
        about[engine.name] = None
        with suppress(CheckFailed, OSError, ValueError):
            about[engine.name] = engine.version()
    return about


def sentences(machine: Mapping[str, Any], engines: Mapping[str, Any]) -> list[str]:
    """What a report says of them, one line each."""
    before, after = (", ".join(f"{load:g}" for load in machine[f"load_{when}"]) for when in ("before", "after"))
    lines = [
        f"Machine: {machine['cpus']} cores, {machine['memory_gb']:g} GB, Linux {machine['kernel']} "
        f"({machine['architecture']}), Python {machine['python']}.",
        f"Noise: load average {before} before and {after} after (1, 5, 15 minutes); meanwhile "
        f"{machine['cpu_used']:g} % of all CPU time was used, {machine['cpu_stolen']:g} % stolen.",
    ]
    lines += [f"{name}: {version_of(facts)}." for name, facts in engines.items()]
    return lines


def version_of(facts: Mapping[str, Any] | None) -> str:
    """An engine's name and version, then those of its parts."""
    if not facts:
        return "did not answer"
    engine = (facts.get("Platform") or {}).get("Name") or ""
    parts = [f"{part['Name']} {part['Version']}" for part in facts.get("Components") or () if part["Name"] != "Engine"]
    return ", ".join([f"{engine} {facts.get('Version', '')}".strip(), *parts])
