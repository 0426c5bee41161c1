import json
from typing import Any

from fakes.cli import Pier
from fakes.http_engine import HttpEngine

from pier.cli.image.listing import image_rows

IMAGE = {
    "Id": "sha256:920e6bf29d75" + "0" * 52,
    "RepoTags": ["x:1", "x:2", "h:5/y:3"],
    "RepoDigests": ["x@sha256:d"],
    "Created": 0,
    "Size": 1982422,
    "Containers": 1,
    "SharedSize": -1,
}


def shown(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(row["repository"], row["tag"], row["digest"]) for row in rows]


def test_one_row_a_tag() -> None:
    assert shown(image_rows([IMAGE], digests=False)) == [
        ("x", "1", "sha256:d"),
        ("x", "2", "sha256:d"),
        ("h:5/y", "3", "<none>"),
    ]


def test_images_without_a_tag() -> None:
    assert shown(image_rows([{**IMAGE, "RepoTags": None}], digests=True)) == [("x", "<none>", "sha256:d")]
    assert shown(image_rows([{"RepoTags": ["<none>:<none>"], "RepoDigests": []}], digests=True)) == [
        ("<none>", "<none>", "<none>")
    ]


def test_images(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/images/json", [IMAGE, {**IMAGE, "Created": 9, "RepoTags": ["new:1"], "RepoDigests": []}])
    code, out, _ = pier("images", "-a", "-f", "dangling=false", "x")
    assert code == 0
    assert [line.split()[:3] for line in out.splitlines()] == [
        ["REPOSITORY", "TAG", "IMAGE"],
        ["new", "1", "920e6bf29d75"],
        ["x", "1", "920e6bf29d75"],
        ["x", "2", "920e6bf29d75"],
        ["h:5/y", "3", "920e6bf29d75"],
    ]
    query = engine.last("GET", "/images/json").query
    assert query["all"] == ["1"]
    assert json.loads(query["filters"][0]) == {"dangling": {"false": True}, "reference": {"x": True}}


def test_formats(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/images/json", [IMAGE])
    assert pier("images", "-q", "--no-trunc")[1].splitlines() == [IMAGE["Id"]] * 3
    assert "DIGEST" in pier("images", "--digests")[1].splitlines()[0]
    row = json.loads(pier("images", "--format", "json")[1].splitlines()[0])
    assert (row["Size"], row["VirtualSize"], row["Containers"], row["SharedSize"], row["UniqueSize"]) == (
        "1.98MB",
        "1.982MB",
        "1",
        "N/A",
        "N/A",
    )
