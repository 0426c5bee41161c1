import json
from typing import Any

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine

from pier.cli.system.disk_usage import summary_rows

CONTAINER = {"Id": "c" * 64, "Image": "a", "ImageID": "i", "Command": "sh", "Created": 1, "Names": ["/c"]}
IMAGE = {"Id": "sha256:" + "a" * 64, "Size": 6000, "SharedSize": 2000, "Created": 1}
USAGE: dict[str, Any] = {
    "LayersSize": 10_000,
    "Images": [
        {
            "Id": "sha256:" + "a" * 64,
            "RepoTags": ["a:1"],
            "Size": 6000,
            "SharedSize": 2000,
            "Containers": 2,
            "Created": 1,
        },
        {"Id": "sha256:" + "b" * 64, "RepoTags": [], "Size": 6000, "SharedSize": 2000, "Containers": 0, "Created": 1},
    ],
    "Containers": [
        {**CONTAINER, "State": "running", "Status": "Up 1 second", "SizeRw": 3000, "SizeRootFs": 9000},
        {**CONTAINER, "State": "exited", "Status": "Exited (0)", "SizeRw": 1000, "SizeRootFs": 7000},
    ],
    "Volumes": [
        {"Name": "v1", "Driver": "local", "UsageData": {"RefCount": 1, "Size": 500}},
        {"Name": "v2", "Driver": "local", "UsageData": {"RefCount": 0, "Size": -1}},
    ],
    "BuildCache": [{"ID": "cache1", "Type": "regular", "Size": 70, "InUse": True, "Shared": False}],
}


def test_each_kind_has_a_row() -> None:
    assert [tuple(row.values()) for row in summary_rows(USAGE)] == [
        ("Images", "2", "1", "10kB", "6kB (60%)"),
        ("Containers", "2", "1", "4kB", "1kB (25%)"),
        ("Local Volumes", "2", "1", "500B", "0B (0%)"),
        ("Build Cache", "1", "1", "70B", "0B"),
    ]


def test_an_empty_engine_has_no_percentages() -> None:
    assert {row["Reclaimable"] for row in summary_rows({"LayersSize": 0, "Images": None})} == {"0B"}


@pytest.mark.parametrize(
    ("argv", "first"),
    [
        ([], "TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE"),
        (["--format", "{{.Type}}={{.Active}}"], "Images=1"),
        (
            ["--format", "json"],
            '{"Active":"1","Reclaimable":"6kB (60%)","Size":"10kB","TotalCount":"2","Type":"Images"}',
        ),
        (["-v", "--format", "{{range .Volumes}}{{.Name}}:{{.Size}} {{end}}"], "v1:500B v2:N/A "),
    ],
)
def test_formats(engine: HttpEngine, pier: Pier, argv: list[str], first: str) -> None:
    engine.answer("GET", "/system/df", USAGE)
    code, out, err = pier("system", "df", *argv)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == first


def test_every_item_is_listed_with_what_it_takes_itself(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/system/df", USAGE)
    lines = pier("system", "df", "-v")[1].splitlines()
    assert [line for line in lines if line.endswith(":")] == [
        "Images space usage:",
        "Containers space usage:",
        "Local Volumes space usage:",
    ]
    assert "Build cache usage: 70B" in lines
    assert next(line for line in lines if line.startswith("a ")).split()[-4:] == ["6kB", "2kB", "4kB", "2"]
    assert sum("3kB" in line and "virtual" not in line for line in lines) == 1
    assert json.loads(pier("system", "df", "-v", "--format", "json")[1])["Containers"][1]["Size"] == "1kB"
