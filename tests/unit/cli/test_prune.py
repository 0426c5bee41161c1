import io
from typing import Any

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine


@pytest.mark.parametrize(
    ("argv", "path", "answer", "out", "filters"),
    [
        (
            ["container"],
            "/containers/prune",
            {"ContainersDeleted": ["a", "b"], "SpaceReclaimed": 1982422},
            "Deleted Containers:\na\nb\n\nTotal reclaimed space: 1.982MB\n",
            None,
        ),
        (
            ["image", "--filter", "until=24h"],
            "/images/prune",
            {"ImagesDeleted": [{"Untagged": "x:1"}, {"Deleted": "sha256:1"}], "SpaceReclaimed": 0},
            "Deleted Images:\nuntagged: x:1\ndeleted: sha256:1\n\nTotal reclaimed space: 0B\n",
            '{"dangling":{"true":true},"until":{"24h":true}}',
        ),
        (["image", "-a"], "/images/prune", {}, "Total reclaimed space: 0B\n", '{"dangling":{"false":true}}'),
        (["network"], "/networks/prune", {"NetworksDeleted": ["n"]}, "Deleted Networks:\nn\n\n", None),
        (["network"], "/networks/prune", {"NetworksDeleted": None}, "", None),
        (
            ["volume"],
            "/volumes/prune",
            {"VolumesDeleted": None, "SpaceReclaimed": 0},
            "Total reclaimed space: 0B\n",
            None,
        ),
        (["volume", "-a"], "/volumes/prune", {}, "Total reclaimed space: 0B\n", '{"all":{"true":true}}'),
    ],
)
def test_forced(
    engine: HttpEngine, pier: Pier, argv: list[str], path: str, answer: dict[str, Any], out: str, filters: str | None
) -> None:
    engine.answer("POST", path, answer)
    assert pier(argv[0], "prune", "-f", *argv[1:]) == (0, out, "")
    assert engine.last("POST", path).query == ({"filters": [filters]} if filters else {})


@pytest.mark.parametrize("noun", ["container", "image", "network", "volume"])
@pytest.mark.parametrize(("answer", "goes_on"), [("y\n", True), ("YES\n", True), ("n\n", False), ("", False)])
def test_it_asks_first(
    engine: HttpEngine, pier: Pier, monkeypatch: pytest.MonkeyPatch, noun: str, answer: str, goes_on: bool
) -> None:
    engine.answer("POST", f"/{noun}s/prune", {})
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    code, out, _ = pier(noun, "prune")
    assert code == 0
    assert out.startswith("WARNING! This will remove a")
    assert bool(engine.sent()) == goes_on
