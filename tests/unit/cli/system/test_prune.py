import io

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine

from pier.cli.system.prune import warning


@pytest.fixture
def full(engine: HttpEngine) -> HttpEngine:
    """An engine from which something of every kind goes."""
    engine.answer("POST", "/containers/prune", {"ContainersDeleted": ["c1"], "SpaceReclaimed": 1000})
    engine.answer("POST", "/networks/prune", {"NetworksDeleted": ["n1"]})
    engine.answer("POST", "/volumes/prune", {"VolumesDeleted": ["v1"], "SpaceReclaimed": 20})
    engine.answer("POST", "/images/prune", {"ImagesDeleted": [{"Untagged": "a:1"}], "SpaceReclaimed": 3})
    engine.answer("POST", "/build/prune", {"CachesDeleted": None, "SpaceReclaimed": 0})
    return engine


def test_all_kinds_but_volumes_go_and_their_room_is_added_up(full: HttpEngine, pier: Pier) -> None:
    assert pier("system", "prune", "-f", "--filter", "label=x") == (
        0,
        "Deleted Containers:\nc1\n\nDeleted Networks:\nn1\n\nDeleted Images:\nuntagged: a:1\n\n"
        "Total reclaimed space: 1.003kB\n",
        "",
    )
    assert [path for _, path in full.sent()] == [
        "/containers/prune",
        "/networks/prune",
        "/images/prune",
        "/build/prune",
    ]
    assert full.last("POST", "/images/prune").query == {"filters": ['{"dangling":{"true":true},"label":{"x":true}}']}


def test_volumes_and_used_images_when_asked_for(full: HttpEngine, pier: Pier) -> None:
    assert "Deleted Volumes:\nv1\n" in pier("system", "prune", "-af", "--volumes")[1]
    assert full.last("POST", "/images/prune").query == {"filters": ['{"dangling":{"false":true}}']}
    assert full.last("POST", "/volumes/prune").query == {}
    code, _, err = pier("system", "prune", "-f", "--volumes", "--filter", "until=1h")
    assert (code, err) == (1, 'ERROR: The "until" filter is not supported with "--volumes"\n')


def test_it_says_what_goes_before_it_asks(full: HttpEngine, pier: Pier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    code, out, _ = pier("system", "prune")
    assert (code, full.sent()) == (0, [])
    assert out.startswith("WARNING! This will remove:\n  - all stopped containers\n")
    assert "  - all dangling images\n  - unused build cache\n" in out
    assert warning(["label=b", "label=a"], every=True, volumes=True).endswith(
        "  - all anonymous volumes not used by at least one container\n"
        "  - all images without at least one container associated to them\n  - all build cache\n\n"
        "  Items to be pruned will be filtered with:\n  - label=a\n  - label=b\n"
    )
