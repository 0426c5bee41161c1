"""The register of scenarios. Each is a function that drives a Subject and records bodies under keys."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from golden.subject import Subject

Scenario = Callable[[Subject], None]
SCENARIOS: dict[str, Scenario] = {}
BODIES = Path(__file__).parent / "bodies"


def scenario(function: Scenario) -> Scenario:
    """Registers it under its name."""
    SCENARIOS[function.__name__] = function
    return function


def play(name: str, path: str) -> dict[str, Any]:
    """Runs one scenario on the engine at a socket; what it recorded."""
    subject = Subject(path)
    subject.prepare()
    subject.tidy()
    try:
        SCENARIOS[name](subject)
    finally:
        subject.tidy()
    return subject.recorded


def load(name: str) -> dict[str, Any]:
    """What dockerd answered."""
    recorded: dict[str, Any] = json.loads((BODIES / f"{name}.json").read_text())
    return recorded


def save(name: str, recorded: dict[str, Any]) -> None:
    (BODIES / f"{name}.json").write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")
