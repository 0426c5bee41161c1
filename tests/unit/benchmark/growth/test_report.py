import pytest
from benchmark.growth.report import growth_table, inserted
from benchmark.samples import Row

ROWS = {
    "images.ps.n1": Row("ms", {"a": [1], "b": [2]}),
    "images.ps.n10": Row("ms", {"a": [3]}, {"b": ["gone"]}),
    "images.list.n1": Row("ms", {"a": [4], "b": [2]}),
}


def test_a_table_for_each_axis_with_figures() -> None:
    text = growth_table(ROWS, ["a", "b"], {"images": (1, 10), "networks": (1,)}, ["networks", "images"])
    assert text == (
        "| images       |   | 1 | 10         | grown |\n"
        "| ------------ | - | - | ---------- | ----- |\n"
        "| ps, ms       | a | 1 | 3          | 3     |\n"
        "| ps, ms       | b | 2 | - (FAILED) | -     |\n"
        "| image ls, ms | a | 4 |            | 1     |\n"
        "| image ls, ms | b | 2 |            | 1     |\n"
    )


def test_a_report_takes_the_place_of_the_last_one() -> None:
    document = "a\n<!-- growth -->\nold\n<!-- /growth -->\nb\n"
    assert inserted(document, "new\n\n") == "a\n<!-- growth -->\nnew\n<!-- /growth -->\nb\n"
    for other in ("a", "<!-- growth -->", "<!-- /growth --><!-- growth -->"):
        with pytest.raises(ValueError, match="there are no lines"):
            inserted(other, "new")
