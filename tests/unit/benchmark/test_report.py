from collections.abc import Callable

from benchmark.report import aligned, as_json, failures, memory_notes, table
from benchmark.samples import Row
from benchmark.session import Bench

ROWS = {
    "run": Row("ms", {"a": [10, 12, 14], "b": [20, 20, 20]}),
    "logs": Row("MB/s", {"a": [5.0]}, {"b": ["cut short", "cut again"]}),
    "parts.x": Row("ms", {"host": [3, 1, 2]}),
}


def test_table() -> None:
    assert table(ROWS, ["a", "b"]) == (
        "| metric | unit | a           | b                 | a/b            | better |\n"
        "| ------ | ---- | ----------- | ----------------- | -------------- | ------ |\n"
        "| run    | ms   | 12 (10..14) | 20 (20..20)       | 0.6 (0.5..0.7) | a      |\n"
        "| logs   | MB/s | 5           | - (2 of 2 FAILED) | -              |        |\n"
        "\n"
        "| without an engine | unit | median   | fastest |\n"
        "| ----------------- | ---- | -------- | ------- |\n"
        "| parts.x           | ms   | 2 (1..3) | 1       |\n"
    )


def test_table_of_one_engine() -> None:
    assert "| run    | ms   | 12 (10..14) |        |" in table({"run": ROWS["run"]}, ["a"])


def test_failures_are_listed() -> None:
    assert failures(ROWS) == "\nFailures (the first of each):\n- logs on b: cut short\n"
    assert failures({"run": ROWS["run"]}) == ""


def test_columns_line_up() -> None:
    assert aligned([["a", "bb"], ["ccc", "d"]]) == "| a   | bb |\n| --- | -- |\n| ccc | d  |\n"


def test_json_has_every_sample(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench()
    bench.rows.update(ROWS)
    bench.notes["a, PSS in kB"] = {"shim": 1, "pierd": 2}
    report = as_json(bench, {"machine": {}}, 1.23)
    assert report["metrics"]["run"] == {
        "unit": "ms",
        "higher_is_better": False,
        "median": {"a": 12, "b": 20},
        "ratio": {"a/b": 0.6},
        "samples": {"a": [10, 12, 14], "b": [20, 20, 20]},
        "failures": {},
    }
    assert report["seconds"] == 1.2
    assert memory_notes(bench) == ["a, PSS in kB: pierd 2, shim 1."]
