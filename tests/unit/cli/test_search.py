from fakes.cli import Pier
from fakes.http_engine import HttpEngine

FOUND = [
    {"name": "a", "description": "few", "star_count": 1, "is_official": False, "is_automated": False},
    {"name": "b", "description": "x" * 60, "star_count": 9, "is_official": True, "is_automated": False},
]


def test_search(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/images/search", FOUND)
    code, out, _ = pier("search", "--limit", "5", "-f", "stars=1", "box")
    lines = [line.split() for line in out.splitlines()]
    assert code == 0
    assert lines == [
        ["NAME", "DESCRIPTION", "STARS", "OFFICIAL"],
        ["b", "x" * 44 + "…", "9", "[OK]"],
        ["a", "few", "1"],
    ]
    assert engine.last("GET", "/images/search").query == {
        "term": ["box"],
        "limit": ["5"],
        "filters": ['{"stars":{"1":true}}'],
    }


def test_formats_and_limits(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/images/search", FOUND)
    assert pier("search", "--format", "{{.Name}} {{.StarCount}}", "box") == (0, "b 9\na 1\n", "")
    assert pier("search", "--limit", "101", "box")[0] == 1
