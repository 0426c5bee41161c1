import asyncio
import base64
import json

import pytest
from fakes.containers import IMAGE, an_image, broken
from fakes.engine import FakeEngine
from fakes.raw_client import RawClient

from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.registry import Progress, RegistryAuth
from pier.engine.images.variants import Variant


async def test_pull_streams_progress_lines(client: RawClient, engine: FakeEngine) -> None:
    engine.images.progress = [
        Progress(status="Pulling from library/busybox", id="latest"),
        Progress(status="Downloading", id="abc", current=5, total=10),
        Progress(status="Status: Downloaded newer image for busybox:latest"),
    ]
    auth = base64.urlsafe_b64encode(json.dumps({"username": "u", "password": "p"}).encode()).decode()
    response = await client.request(
        "POST", "/images/create?fromImage=busybox&tag=latest", headers={"X-Registry-Auth": auth}
    )
    assert response.headers["content-type"] == "application/json"
    lines = [json.loads(line) for line in response.body.decode().split("\r\n")[:-1]]
    assert lines[1]["progressDetail"] == {"current": 5, "total": 10}
    assert lines[1]["progress"].startswith("[=========================>")
    assert lines[2] == {"status": "Status: Downloaded newer image for busybox:latest"}
    assert engine.images.pulled == [
        ("docker.io/library/busybox", "latest", None, RegistryAuth(username="u", password="p"))
    ]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("fromImage=busybox", ("docker.io/library/busybox", "")),
        ("fromImage=busybox:1", ("docker.io/library/busybox", "1")),
        ("fromImage=localhost:5000/x&tag=2", ("localhost:5000/x", "2")),
        (f"fromImage=busybox&tag=sha256:{'a' * 64}", ("docker.io/library/busybox", f"sha256:{'a' * 64}")),
    ],
)
async def test_what_is_pulled(client: RawClient, engine: FakeEngine, query: str, wanted: tuple[str, str]) -> None:
    await client.request("POST", f"/images/create?{query}", headers={"X-Registry-Auth": "%%%"})
    assert engine.images.pulled[0][:2] == wanted
    assert engine.images.pulled[0][3] == RegistryAuth()


async def test_a_pull_that_fails_before_its_first_line_has_a_status(client: RawClient, engine: FakeEngine) -> None:
    engine.images.progress = [NotFound("manifest unknown")]
    response = await client.request("POST", "/images/create?fromImage=busybox&tag=nope")
    assert (response.status, response.json()) == (404, {"message": "manifest unknown"})


async def test_a_pull_that_fails_later_says_so_in_its_last_line(client: RawClient, engine: FakeEngine) -> None:
    engine.images.progress = [Progress(status="Pulling"), broken("connection reset")]
    response = await client.request("POST", "/images/create?fromImage=busybox&tag=latest")
    assert response.status == 200
    assert response.body.endswith(b'{"errorDetail":{"message":"connection reset"},"error":"connection reset"}\r\n')


@pytest.mark.parametrize(
    ("query", "status"),
    [("fromImage=BAD", 400), ("", 400), ("fromSrc=-&repo=BAD", 400), ("fromImage=x&platform=a/b/c/d", 400)],
)
async def test_pulls_that_make_no_sense(client: RawClient, query: str, status: int) -> None:
    assert (await client.request("POST", f"/images/create?{query}")).status == status


@pytest.mark.parametrize(
    ("target", "name", "platform"),
    [
        ("h:5/a/b/push?tag=1", "h:5/a/b:1", None),
        ("busybox/push", "docker.io/library/busybox", None),
        ("busybox:2/push", "docker.io/library/busybox:2", None),
        ('x/push?tag=1&platform={"os":"linux","architecture":"arm64"}', "docker.io/library/x:1", "arm64"),
    ],
)
async def test_what_is_pushed(
    client: RawClient, engine: FakeEngine, target: str, name: str, platform: str | None
) -> None:
    engine.images.progress = [Progress(aux={"Tag": "1", "Digest": "sha256:1", "Size": 7})]
    response = await client.request("POST", f"/images/{target}")
    assert response.body == b'{"progressDetail":{},"aux":{"Tag":"1","Digest":"sha256:1","Size":7}}\r\n'
    ((pushed, given, _),) = engine.images.pushed
    assert (pushed, given.architecture if given else None) == (name, platform)


async def test_a_push_that_fails_says_so_in_the_stream(client: RawClient, engine: FakeEngine) -> None:
    engine.images.progress = [NotFound("tag does not exist: x:1")]
    response = await client.request("POST", "/images/x/push?tag=1")
    assert (response.status, response.body.count(b"tag does not exist: x:1")) == (200, 2)


@pytest.mark.parametrize("target", ["X/push", f"x@sha256:{'a' * 64}/push", "x/push?tag=-", "x/push?tag=1&platform=x"])
async def test_pushes_that_make_no_sense(client: RawClient, target: str) -> None:
    assert (await client.request("POST", f"/images/{target}")).status == 400


async def test_import(client: RawClient, engine: FakeEngine) -> None:
    engine.images.progress = [Progress(status="sha256:1")]
    query = "fromSrc=-&repo=x&tag=1&message=why&changes=ENV%20a=b&changes=USER%20c&platform=linux/arm64"
    response = await client.request("POST", f"/images/create?{query}", b"tar")
    assert (response.status, response.body) == (200, b'{"status":"sha256:1"}\r\n')
    ((request, body),) = engine.images.imported
    assert (request.source, request.name.canonical, request.message) == ("", "docker.io/library/x:1", "why")
    assert (request.changes, request.platform.architecture, body) == (("ENV a=b", "USER c"), "arm64", b"tar")


async def test_import_that_fails_has_a_status(client: RawClient, engine: FakeEngine) -> None:
    engine.images.progress = [InvalidArgument("FOO is not a valid change command")]
    assert (await client.request("POST", "/images/create?fromSrc=http://h/x.tar&changes=FOO")).status == 400
    assert engine.images.imported[0][0].source == "http://h/x.tar"


async def test_load_reads_the_body_as_it_comes(client: RawClient, engine: FakeEngine) -> None:
    engine.images.progress = [Progress(stream="Loaded image: busybox:latest\n")]
    await client.send("POST /images/load?quiet=0 HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    assert (await client.head()).status == 200
    await client.send("0\r\n\r\n")
    assert await client.chunk() == b'{"stream":"Loaded image: busybox:latest\\n"}\r\n'
    assert engine.images.loaded == b"abc"


async def test_a_quiet_load_answers_when_all_is_loaded(client: RawClient, engine: FakeEngine) -> None:
    """Its client may go with the headers, which would end a load that still runs."""
    engine.images.progress = [Progress(stream="Loaded image: a:1\n"), Progress(stream="Loaded image: b:1\n")]
    await client.send("POST /images/load?quiet=1 HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    async with asyncio.TaskGroup() as group:
        head = group.create_task(client.head())
        done, _ = await asyncio.wait([head], timeout=0.05)
        assert not done
        await client.send("0\r\n\r\n")
    assert [await client.chunk() for _ in range(2)] == [
        b'{"stream":"Loaded image: a:1\\n"}\r\n',
        b'{"stream":"Loaded image: b:1\\n"}\r\n',
    ]
    assert engine.images.loaded == b"abc"


async def test_a_bad_archive_is_reported_in_the_stream(client: RawClient, engine: FakeEngine) -> None:
    engine.images.progress = [broken("unexpected EOF")]
    response = await client.request("POST", "/images/load", b"abc", {"Content-Type": "application/x-tar"})
    assert response.status == 200
    assert response.body == b'{"errorDetail":{"message":"unexpected EOF"},"error":"unexpected EOF"}\r\n'


@pytest.mark.parametrize("path", ["/images/get?names=busybox", "/images/busybox/get"])
async def test_save_is_a_tar(client: RawClient, path: str) -> None:
    response = await client.request("GET", path)
    assert (response.headers["content-type"], response.body) == ("application/x-tar", b"tarend")


async def test_save_of_an_unknown_image_is_404(client: RawClient) -> None:
    assert (await client.request("GET", "/images/get?names=nope")).status == 404


async def test_names_may_have_slashes(client: RawClient, engine: FakeEngine) -> None:
    engine.images.all["localhost:5000/a/b"] = an_image()
    assert (await client.request("GET", "/images/localhost:5000/a/b/json")).json()["Id"] == IMAGE
    assert (await client.request("GET", "/images/localhost:5000%2Fa%2Fb/history")).status == 200


@pytest.mark.parametrize(("version", "keys"), [("v1.51", (1, False)), ("v1.50", (-1, False)), ("v1.43", (-1, True))])
async def test_the_list_by_version(client: RawClient, version: str, keys: tuple[int, bool]) -> None:
    (item,) = (await client.request("GET", f"/{version}/images/json")).json()
    assert (item["Containers"], "VirtualSize" in item) == keys


async def test_an_untagged_image_by_version(client: RawClient, engine: FakeEngine) -> None:
    engine.images.all = {"x": an_image(repo_tags=())}
    assert (await client.request("GET", "/v1.43/images/json")).json()[0]["RepoTags"] == []
    assert (await client.request("GET", "/v1.42/images/json")).json()[0]["RepoTags"] == ["<none>:<none>"]


@pytest.mark.parametrize(
    ("version", "container_config", "hostname"),
    [("v1.51", False, False), ("v1.49", False, True), ("v1.44", True, True)],
)
async def test_inspect_by_version(client: RawClient, version: str, container_config: bool, hostname: bool) -> None:
    image = (await client.request("GET", f"/{version}/images/busybox/json")).json()
    assert ("ContainerConfig" in image, "Hostname" in image["Config"]) == (container_config, hostname)
    assert image["GraphDriver"] == {"Data": None, "Name": "overlayfs"}


async def test_tag_remove_prune(client: RawClient) -> None:
    tagged = await client.request("POST", "/images/busybox/tag?repo=other&tag=1")
    assert (tagged.status, tagged.body) == (201, b"")
    removed = await client.request("DELETE", "/images/busybox?force=1")
    assert removed.json() == [{"Untagged": "busybox:latest"}, {"Deleted": IMAGE}]
    pruned = await client.request("POST", "/images/prune")
    assert pruned.json() == {"ImagesDeleted": None, "SpaceReclaimed": 0}


async def test_a_blank_name_is_not_removed(client: RawClient) -> None:
    response = await client.request("DELETE", "/images/%20")
    assert (response.status, response.json()["message"]) == (400, "image name cannot be blank")


async def test_history_is_newest_first(client: RawClient) -> None:
    rows = (await client.request("GET", "/images/busybox/history")).json()
    assert [(row["Id"], row["Tags"]) for row in rows] == [(IMAGE, ["busybox:latest"]), ("<missing>", None)]


ARM = '{"os":"linux","architecture":"arm64"}'


async def test_platforms_of_save_load_and_inspect(client: RawClient, engine: FakeEngine) -> None:
    await client.request("GET", f"/images/get?names=busybox&platform={ARM}")
    await client.request("POST", f"/images/load?platform={ARM}", b"x")
    assert [platform.architecture for platform in engine.images.platforms] == ["arm64", "arm64"]
    assert (await client.request("GET", f"/images/busybox/json?platform={ARM}")).status == 404
    assert (await client.request("GET", "/images/busybox/json?platform=x")).status == 400
    assert (await client.request("GET", f"/images/busybox/json?manifests=1&platform={ARM}")).status == 400


async def test_manifests_are_shown_when_asked_for(client: RawClient) -> None:
    for target in ("/images/json", "/images/busybox/json"):
        plain = (await client.request("GET", target)).json()
        shown = (await client.request("GET", f"{target}?manifests=1")).json()
        assert "Manifests" not in (plain[0] if isinstance(plain, list) else plain)
        manifests = (shown[0] if isinstance(shown, list) else shown)["Manifests"]
        assert [item["Kind"] for item in manifests] == ["image", "attestation"]
        assert manifests[0]["Size"] == {"Total": 30, "Content": 10}
        assert manifests[0]["ImageData"]["Size"] == {"Unpacked": 20}
        assert len(manifests[0]["ImageData"]["Containers"]) == 1
        assert manifests[1]["AttestationData"]["For"] == manifests[0]["ID"]
    assert "Manifests" not in (await client.request("GET", "/v1.46/images/json?manifests=1")).json()[0]


async def test_image_that_goes_while_manifests_are_listed_is_left_out(
    client: RawClient, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(ref: str) -> list[Variant]:
        raise NotFound(f"No such image: {ref}")

    monkeypatch.setattr(engine.images, "variants", gone)
    assert (await client.request("GET", "/images/json?manifests=1")).json() == []
    assert (await client.request("GET", "/images/busybox/json?manifests=1")).status == 404


async def test_shared_size_is_counted_when_asked_for(client: RawClient) -> None:
    assert (await client.request("GET", "/images/json")).json()[0]["SharedSize"] == -1
    assert (await client.request("GET", "/images/json?shared-size=1")).json()[0]["SharedSize"] == 0


async def test_removing_single_platforms(client: RawClient, engine: FakeEngine) -> None:
    assert (await client.request("DELETE", f"/images/busybox?platforms={ARM}")).status == 200
    assert [platform.architecture for platform in engine.images.platforms] == ["arm64"]
    assert (await client.request("DELETE", "/images/busybox?platforms=x")).status == 400


async def test_share_and_unshare(client: RawClient, engine: FakeEngine) -> None:
    assert (await client.request("POST", "/images/a/b:1/share?namespace=k8s.io")).status == 204
    assert engine.images.shared == [("a/b:1", "k8s.io")]
    assert (await client.request("POST", "/images/a/b:1/unshare?namespace=k8s.io")).status == 204
    assert engine.images.shared == []
    assert (await client.request("POST", "/images/a/b:1/share")).status == 400


@pytest.mark.parametrize(("query", "quiet"), [("", True), ("?quiet=1", True), ("?quiet=0", False)])
async def test_load_counts_bytes_when_asked_to(client: RawClient, engine: FakeEngine, query: str, quiet: bool) -> None:
    await client.request("POST", f"/images/load{query}", b"x")
    assert engine.images.quiet is quiet
