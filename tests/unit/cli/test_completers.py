import pytest
from fakes.http_engine import HttpEngine

from pier.cli.completers import offers


@pytest.mark.parametrize(
    ("kind", "incomplete", "names"),
    [
        ("containers", "", ["web", "old"]),
        ("running", "w", ["web"]),
        ("stopped", "", ["old"]),
        ("images", "", ["nginx", "h:5/x:2"]),
        ("networks", "", ["bridge"]),
        ("volumes", "", ["v"]),
        ("objects", "v", ["v"]),
    ],
)
def test_names(engine: HttpEngine, kind: str, incomplete: str, names: list[str]) -> None:
    engine.answer(
        "GET", "/containers/json", [{"Names": ["/web"], "State": "running"}, {"Names": ["/old"], "State": "exited"}]
    )
    engine.answer(
        "GET", "/images/json", [{"RepoTags": ["nginx:latest", "h:5/x:2", "<none>:<none>"]}, {"RepoTags": None}]
    )
    engine.answer("GET", "/networks", [{"Name": "bridge"}])
    engine.answer("GET", "/volumes", {"Volumes": [{"Name": "v"}]})
    assert offers(kind)(incomplete) == names


def test_an_engine_that_is_away_offers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIER_HOST", "unix:///nope")
    assert offers("containers")("") == []
