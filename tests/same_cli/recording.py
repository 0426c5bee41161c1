"""The recorded behaviour of docker, and how a whole group of lines is run."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from same_cli.line import Line
from same_cli.running import observe

FOLDER = Path(__file__).parent / "recorded"
SERIES = "28.2"
SIDE_BY_SIDE = 3


def recorded_docker() -> str | None:
    """The docker CLI on PATH when it is of the series that was recorded."""
    program = shutil.which("docker")
    if program is None:
        return None
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return program if said.startswith(f"Docker version {SERIES}.") else None


def observe_all(lines: Sequence[Line], program: Sequence[str]) -> dict[str, Any]:
    """What a client does with each line, by the line's name."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        seen = list(pool.map(lambda line: observe(line, program), lines))
    return dict(zip((line.name for line in lines), seen, strict=True))


def load(group: str) -> dict[str, Any]:
    """What docker did with a group."""
    found: dict[str, Any] = json.loads((FOLDER / f"{group}.json").read_text())
    return found


def save(group: str, seen: dict[str, Any]) -> None:
    """Keeps it, one line of JSON for each command line, so that changes are easy to see."""
    FOLDER.mkdir(exist_ok=True)
    rows = [f"{json.dumps(name)}: {json.dumps(one, sort_keys=True)}" for name, one in seen.items()]
    (FOLDER / f"{group}.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")
