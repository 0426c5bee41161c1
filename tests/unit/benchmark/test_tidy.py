import pytest
from benchmark import tidy
from benchmark.engine import Engine
from benchmark.growth.axes import make_network
from benchmark.marks import TOKEN
from fakes.small_engine import SmallEngine


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidy, "PAUSE_SECONDS", 0)


@pytest.fixture
def engines(fakes: list[SmallEngine]) -> list[Engine]:
    engines = [Engine(fake.path.stem, str(fake.path)) for fake in fakes]
    for fake, engine in zip(fakes, engines, strict=True):
        engine.run()
        engine.create(["true"])
        make_network(engine, 0, 0)
        fake.images[f"bench-base-{TOKEN}:latest"] = []
        fake.images["kept:latest"] = []
        fake.containers["other"] = {"Id": "other", "State": "running", "Labels": {"bench.run": "another"}}
        fake.networks["bridge"] = {"Id": "bridge", "Labels": {}}
    return engines


def test_what_this_run_made_goes_and_nothing_else(fakes: list[SmallEngine], engines: list[Engine]) -> None:
    assert tidy.tidy(engines) is True
    for fake in fakes:
        assert (list(fake.containers), list(fake.networks), list(fake.images)) == (
            ["other"],
            ["bridge"],
            ["kept:latest"],
        )


def test_what_cannot_be_removed_is_said(
    fakes: list[SmallEngine], engines: list[Engine], capsys: pytest.CaptureFixture[str]
) -> None:
    stuck = next(iter(fakes[0].containers))
    fakes[0].broken["DELETE", stuck] = "device busy"
    assert tidy.tidy(engines) is False
    assert f"left behind on a: {stuck}" in capsys.readouterr().err
    assert list(fakes[1].containers) == ["other"]


def test_an_engine_that_is_away(capsys: pytest.CaptureFixture[str]) -> None:
    assert tidy.tidy([Engine("gone", "/nonexistent")]) is False
    assert "FAILED to tidy up gone" in capsys.readouterr().err


def test_what_appears_late_is_found_too(
    fakes: list[SmallEngine], engines: list[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    late = iter([True])
    remove_all = tidy.remove_all

    def remove_and_add(engine: Engine) -> list[str]:
        found = remove_all(engine)
        if next(late, False):
            engine.create(["true"])  # a request that was broken off, done after all
        return found

    monkeypatch.setattr(tidy, "remove_all", remove_and_add)
    assert tidy.tidy_engine(engines[0]) is True
    assert list(fakes[0].containers) == ["other"]
