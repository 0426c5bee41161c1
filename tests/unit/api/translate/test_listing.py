"""The list is encoded anew where something changed, and only there."""

import json
from dataclasses import replace
from typing import Any

import pytest
from fakes.containers import SECOND, a_container

from pier.api.translate import listing
from pier.api.translate.listing import Summaries, describe_summary
from pier.domain.container import Container, State, Status
from pier.engine.containers.listing import ContainerSummary

NOW = 1_700_000_100 * SECOND
RUNNING = a_container(state=State(status=Status.RUNNING, pid=9, started_at=NOW - 10 * SECOND))


def summary(container: Container, **more: Any) -> ContainerSummary:
    return ContainerSummary(container=container, image_ref="x:1", **more)


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids that were encoded, in order."""
    ids: list[str] = []

    def describe(one: ContainerSummary, now: int, version: int) -> Any:
        ids.append(one.container.id)
        return describe_summary(one, now, version)

    monkeypatch.setattr(listing, "describe_summary", describe)
    return ids


def test_unchanged_container_is_encoded_once(described: list[str]) -> None:
    summaries = Summaries()
    first = summaries.encode([summary(RUNNING)], NOW, 51)
    assert summaries.encode([summary(RUNNING)], NOW, 51) == first
    assert described == [RUNNING.id]
    (read,) = json.loads(first)
    assert read["Status"] == "Up 10 seconds"
    assert first.endswith(b"]\n")


@pytest.mark.parametrize(
    ("again", "now", "version"),
    [
        (summary(replace(RUNNING, name="other")), NOW, 51),
        (summary(RUNNING, link_names=("a/b",)), NOW, 51),
        (summary(RUNNING, size_rw=7), NOW, 51),
        (replace(summary(RUNNING), image_ref="0123"), NOW, 51),
        (summary(RUNNING), NOW + 5 * SECOND, 51),
        (summary(RUNNING), NOW, 42),
    ],
)
def test_whatever_changed_is_shown(described: list[str], again: ContainerSummary, now: int, version: int) -> None:
    summaries = Summaries()
    summaries.encode([summary(RUNNING)], NOW, 51)
    assert json.loads(summaries.encode([again], now, version)) == json.loads(Summaries().encode([again], now, version))
    assert len(described) == 3


def test_removed_containers_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_KEPT", 0)
    summaries = Summaries()
    several = [replace(RUNNING, id=f"{number:064x}") for number in range(3)]
    summaries.encode([summary(one) for one in several], NOW, 51)
    summaries.encode([summary(several[0])], NOW, 51)
    assert len(summaries._known) == 1
