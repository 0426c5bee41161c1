from benchmark.growth.cells import Cell, Line, Panel, cells_of, lines_of, panels
from benchmark.samples import Row

ROWS = {
    "images.ps.n1": Row("ms", {"a": [1, 3], "b": [4]}),
    "images.ps.n10": Row("ms", {"a": [2, 2]}, {"b": ["gone"]}),
    "images.list.n10": Row("ms", {"a": [7]}),
    "images.memory.n1": Row("MB", {}, {"a": ["gone"], "b": ["gone"]}),
}
POINTS = {"images": (1, 10), "networks": (1,)}


def test_names_of_a_cell() -> None:
    assert (Cell("images", "list", 10).key, Cell("images", "list", 10).title) == ("images.list.n10", "image ls")
    assert (Cell("images", "ps", 1).unit, Cell("images", "memory", 1).unit) == ("ms", "MB")


def test_only_what_was_measured() -> None:
    found = [[cell.key for cell in cells] for cells in cells_of(ROWS, "images", (1, 10))]
    assert found == [["images.ps.n1", "images.ps.n10"], ["images.list.n10"], ["images.memory.n1"]]


def test_panels_have_a_line_for_each_engine_with_figures() -> None:
    images, networks = panels(ROWS, ["a", "b"], POINTS, ["images", "networks"])
    assert networks == []
    assert images == [
        Panel("images", "ps", "ms", (Line("a", (1, 10), (2, 2), (1, 2), (3, 2)), Line("b", (1,), (4,), (4,), (4,)))),
        Panel("images", "image ls", "ms", (Line("a", (10,), (7,), (7,), (7,)),)),
        Panel("images", "memory", "MB", ()),
    ]


def test_no_line_without_a_median() -> None:
    assert list(lines_of(ROWS, ["b"], [Cell("images", "list", 10)])) == []
