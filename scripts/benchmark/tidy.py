"""Removes what a run made, by its label and the token in its names, and nothing else."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from benchmark.engine import Engine
from benchmark.framing import filters
from benchmark.marks import LABEL, TOKEN, CheckFailed
from benchmark.session import in_parallel, say

LOOKS = 5
PAUSE_SECONDS = 0.3  # between two looks: a request that was broken off may still be at work
WORKERS = 8


def tidy(engines: Sequence[Engine]) -> bool:
    """Removes this run's containers, networks and images on every engine; whether nothing of them is left."""
    tidied = [tidy_engine(engine) for engine in engines]  # all of them, whatever the first says
    return all(tidied)


def tidy_engine(engine: Engine) -> bool:
    """One engine. Looks again until a look, not the first, finds nothing."""
    left: list[str] = []
    for look in range(LOOKS):
        if look:
            time.sleep(PAUSE_SECONDS)
        try:
            left = remove_all(engine)
        except (CheckFailed, OSError, ValueError) as error:
            say(f"FAILED to tidy up {engine.name}: {error}")
            return False
        if look and not left:
            return True
    say(f"left behind on {engine.name}: {', '.join(left)}")
    return False


def remove_all(engine: Engine) -> list[str]:
    """One look: what was found of this run, and has been asked to go."""
    found: list[str] = []
    for find, path in FOUND_AND_REMOVED:
        names = find(engine)
        found += names

        def remove(name: str, path: str = path) -> None:
            with suppress(CheckFailed, OSError):  # the next look says whether it went
                engine.call("DELETE", path.format(name))

        in_parallel(WORKERS, remove, names)
    return found


def of_label() -> str:
    """The query for what bears this run's label."""
    return filters(label=[f"{key}={value}" for key, value in LABEL.items()])


def find_containers(engine: Engine) -> list[str]:
    """Ids, running or not."""
    return [row["Id"] for row in engine.listed(f"?all=1&filters={of_label()}")]


def find_networks(engine: Engine) -> list[str]:
    """Ids."""
    rows: list[Any] = engine.call("GET", f"/networks?filters={of_label()}").json()
    return [row["Id"] for row in rows]


def find_images(engine: Engine) -> list[str]:
    """Tags with the run's token in them."""
    rows: list[Any] = engine.call("GET", "/images/json").json()
    return [tag for row in rows for tag in row.get("RepoTags") or [] if TOKEN in tag]


FOUND_AND_REMOVED: Sequence[tuple[Callable[[Engine], list[str]], str]] = (
    (find_containers, "/containers/{}?force=1&v=1"),
    (find_networks, "/networks/{}"),
    (find_images, "/images/{}?force=1"),
)
