from typing import Any

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine

NO_POLICY = {"Name": "", "MaximumRetryCount": 0}


@pytest.mark.parametrize(
    ("flags", "body"),
    [
        (("--memory", "64m"), {"Memory": 64 << 20}),
        (("-m", "1g", "--memory-swap", "-1"), {"Memory": 1 << 30, "MemorySwap": -1}),
        (("--cpus", "0.5", "-c", "5"), {"NanoCpus": 500_000_000, "CpuShares": 5}),
        (("--cpuset-cpus", "0-1", "--cpuset-mems", "0"), {"CpusetCpus": "0-1", "CpusetMems": "0"}),
        (("--pids-limit", "-1"), {"PidsLimit": -1}),
        (("--restart", "on-failure:3"), {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}),
        (("--blkio-weight", "100", "--memory-reservation", "8m"), {"BlkioWeight": 100, "MemoryReservation": 8 << 20}),
    ],
)
def test_all_else_stays_as_it_is(engine: HttpEngine, pier: Pier, flags: tuple[str, ...], body: dict[str, Any]) -> None:
    engine.answer("POST", "/containers/c/update", {"Warnings": None})
    assert pier("update", *flags, "c") == (0, "c\n", "")
    sent = engine.last("POST", "/containers/c/update").json
    assert {key: value for key, value in sent.items() if value} == {"RestartPolicy": NO_POLICY} | body
    assert sent["PidsLimit"] == body.get("PidsLimit")  # zero would lift the limit


def test_several_containers_and_warnings(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/containers/a/update", {"Warnings": ["no swap"]})
    engine.answer("POST", "/containers/b/update", {"message": "No such container: b"}, 404)
    code, out, err = pier("update", "--pids-limit", "5", "a", "b")
    assert (code, out) == (1, "a\n")
    assert "WARNING: no swap\n" in err
    assert "Error response from daemon: No such container: b\n" in err


def test_nothing_to_change(engine: HttpEngine, pier: Pier) -> None:
    assert pier("update", "c") == (1, "", "you must provide one or more flags when using this command\n")
    assert pier("update", "--pids-limit", "x", "c")[0] == 125
    assert engine.sent() == []
