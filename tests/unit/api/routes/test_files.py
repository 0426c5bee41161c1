import base64
import json
from typing import Any

import pytest
from fakes.engine import FakeEngine
from fakes.raw_client import RawClient

from pier.domain.archive import ChangeKind, FileChange, PathStat

STAT_HEADER = "x-docker-container-path-stat"
LINK = PathStat(name="f", size=4, mode=0o120777, modified_at=1_500_000_000, link_target="/d/g")


@pytest.fixture(autouse=True)
def _files(engine: FakeEngine) -> None:
    engine.containers.files = {"/d/f": LINK}


def stat_of(headers: dict[str, str]) -> Any:
    return json.loads(base64.b64decode(headers[STAT_HEADER]))


async def test_head_tells_what_lies_there(client: RawClient) -> None:
    response = await client.request("HEAD", "/containers/web/archive?path=/d/f")
    assert response.status == 200
    assert stat_of(response.headers) == {
        "name": "f",
        "size": 4,
        "mode": 0o777 | 1 << 27,
        "mtime": "1970-01-01T00:00:01.5Z",
        "linkTarget": "/d/g",
    }


async def test_get_streams_a_tar(client: RawClient) -> None:
    response = await client.request("GET", "/containers/web/archive?path=/d/f")
    assert (response.status, response.body) == (200, b"tarball")
    assert response.headers["content-type"] == "application/x-tar"
    assert stat_of(response.headers)["name"] == "f"


async def test_put_hands_the_body_on(client: RawClient, engine: FakeEngine) -> None:
    for query, flags in (
        ("", (False, False)),
        ("&noOverwriteDirNonDir=true&copyUIDGID=1", (True, True)),
        ("&noOverwriteDirNonDir=0&copyUIDGID=false", (False, False)),
    ):
        path = f"/containers/web/archive?path=/d/f{query}"
        response = await client.request("PUT", path, b"body", {"Content-Type": "application/x-tar"})
        assert (response.status, response.body) == (200, b"")
        assert engine.containers.calls[-1] == ("extract", "web", "/d/f", b"body", *flags)


@pytest.mark.parametrize("method", ["HEAD", "GET", "PUT"])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("web/archive", 400),
        ("web/archive?path=", 400),
        ("web/archive?path=/nosuch", 404),
        ("nobody/archive?path=/d/f", 404),
    ],
)
async def test_what_is_not_there(client: RawClient, method: str, path: str, status: int) -> None:
    response = await client.request(method, f"/containers/{path}")
    assert response.status == status
    if method != "HEAD":
        assert response.json()["message"]


async def test_changes_are_listed_or_null(client: RawClient, engine: FakeEngine) -> None:
    assert (await client.request("GET", "/containers/web/changes")).body == b"null\n"
    engine.containers.found_changes = [
        FileChange(path="/a", kind=ChangeKind.ADDED),
        FileChange(path="/etc", kind=ChangeKind.MODIFIED),
        FileChange(path="/x", kind=ChangeKind.DELETED),
    ]
    assert (await client.request("GET", "/containers/web/changes")).json() == [
        {"Path": "/a", "Kind": 1},
        {"Path": "/etc", "Kind": 0},
        {"Path": "/x", "Kind": 2},
    ]
    assert (await client.request("GET", "/containers/nobody/changes")).status == 404


async def test_export(client: RawClient) -> None:
    response = await client.request("GET", "/containers/web/export")
    assert (response.status, response.body) == (200, b"tarball")
    assert response.headers["content-type"] == "application/octet-stream"
    assert (await client.request("GET", "/containers/nobody/export")).status == 404
