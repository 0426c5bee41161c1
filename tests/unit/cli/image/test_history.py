from fakes.cli import Pier
from fakes.http_engine import HttpEngine

STEPS = [
    {
        "Id": "sha256:920e6bf29d75" + "0" * 52,
        "Created": 5,
        "CreatedBy": "RUN " + "x" * 60,
        "Size": 1982422,
        "Comment": "c",
    },
    {"Id": "<missing>", "Created": 0, "CreatedBy": "", "Size": 0, "Comment": ""},
]


def test_history(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/images/x/history", STEPS)
    rows = pier("history", "--format", "{{.ID}} {{.CreatedBy}} {{.Size}}", "x")[1].splitlines()
    assert rows == ["920e6bf29d75 RUN " + "x" * 40 + "… 1.98MB", "<missing>  0B"]
    assert pier("history", "-q", "--no-trunc", "x")[1].splitlines() == [STEPS[0]["Id"], "<missing>"]


def test_exact_numbers(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/images/x/history", STEPS)
    out = pier("history", "--human=false", "--no-trunc", "x")[1].splitlines()
    assert "CREATED AT" in out[0]
    assert "1982422" in out[1]
    assert "x" * 60 in out[1]
