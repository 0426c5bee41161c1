import importlib.util
from pathlib import Path
from xml.etree import ElementTree

import pytest
from benchmark.growth import plot
from benchmark.growth.cells import Line, Panel

PANEL = Panel("images", "image ls", "ms", (Line("pier", (1, 10), (1.0, 2.0), (0.5, 2.0), (1.0, 3.0)),))


def test_whether_it_can_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert plot.can_draw() is False


@pytest.mark.skipif(not plot.can_draw(), reason="matplotlib is in the extra `bench` only")
def test_drawing(tmp_path: Path) -> None:
    path = tmp_path / "growth.svg"
    plot.draw([[PANEL, PANEL], [PANEL]], str(path))
    texts = {element.text for element in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")}
    assert {"image ls", "images", "ms", "pier", "1", "10"} <= texts
    first = path.read_bytes()
    plot.draw([[PANEL, PANEL], [PANEL]], str(path))
    assert path.read_bytes() == first


@pytest.mark.skipif(not plot.can_draw(), reason="matplotlib is in the extra `bench` only")
@pytest.mark.parametrize("columns", [[[PANEL], []], [[Panel("images", "ps", "ms", ())]]])
def test_drawing_what_was_broken_off(columns: list[list[Panel]], tmp_path: Path) -> None:
    plot.draw(columns, str(tmp_path / "growth.svg"))
    assert (tmp_path / "growth.svg").exists()
