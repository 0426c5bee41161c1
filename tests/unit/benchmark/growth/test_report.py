from benchmark.growth.report import growth_table
from benchmark.samples import Row

ROWS = {
    "images.ps.n1": Row("ms", {"a": [1], "b": [2]}),
    "images.ps.n10": Row("ms", {"a": [3]}, {"b": ["gone"]}),
    "images.list.n1": Row("ms", {"a": [4], "b": [2]}),
}


def test_a_table_for_each_axis_with_figures() -> None:
    text = growth_table(ROWS, ["a", "b"], {"images": (1, 10), "networks": (1,)}, ["networks", "images"])
    assert text == (
        "### Images\n"
        "\n"
        "| metric   | unit | images | a | grown | b                 | grown | a/b |\n"
        "| -------- | ---- | ------ | - | ----- | ----------------- | ----- | --- |\n"
        "| ps       | ms   | 1      | 1 | 1     | 2                 | 1     | 0.5 |\n"
        "| ps       | ms   | 10     | 3 | 3     | - (1 of 1 FAILED) | -     | -   |\n"
        "| image ls | ms   | 1      | 4 | 1     | 2                 | 1     | 2   |\n"
    )
