import pytest
from fakes.containers import WEB, a_container
from fakes.engine import FakeEngine
from fakes.raw_client import RawClient

from pier.domain.container import State, Status


async def test_create_answers_id_and_warnings(client: RawClient, engine: FakeEngine) -> None:
    body = {"Image": "busybox", "Cmd": "ls", "HostConfig": {"AutoRemove": True}, "Unknown": 1}
    response = await client.request("POST", "/containers/create?name=web", body)
    assert response.status == 201
    assert response.json() == {"Id": WEB, "Warnings": []}
    request = engine.containers.created[0]
    assert (request.name, request.config.cmd, request.host_config.auto_remove) == ("web", ("ls",), True)


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (b"{}", "application/json", "config cannot be empty in order to create a container"),
        (b"null", "application/json", "config cannot be empty in order to create a container"),
        (
            b'{"HostConfig":{"Privileged":true}}',
            "application/json",
            "config cannot be empty in order to create a container",
        ),
        (b"", "application/json", "invalid JSON: got EOF while reading request body"),
        (b"{", "application/json", "invalid JSON: unexpected EOF"),
        (b'{"Image":"x"} {}', "application/json", "unexpected content after JSON"),
        (b"{}", "text/plain", "unsupported Content-Type header (text/plain): must be 'application/json'"),
        (b'{"Image":1}', "application/json", "invalid JSON: Expected `str | null`, got `int` - at `$.Image`"),
    ],
)
async def test_create_refuses_what_it_cannot_read(
    client: RawClient, body: bytes, content_type: str, message: str
) -> None:
    response = await client.request("POST", "/containers/create", body, {"Content-Type": content_type})
    assert (response.status, response.json()["message"]) == (400, message)


async def test_create_without_a_content_type_is_refused(client: RawClient) -> None:
    await client.send("POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\n\r\n{}")
    response = await client.response()
    assert (response.status, response.json()["message"]) == (
        400,
        "malformed Content-Type header (): mime: no media type",
    )


async def test_create_of_an_image_that_is_not_there_makes_clients_pull(client: RawClient) -> None:
    response = await client.request("POST", "/containers/create", {"Image": "nope"})
    assert (response.status, response.json()["message"]) == (404, "No such image: nope:latest")


@pytest.mark.parametrize(
    ("method", "path", "status", "call"),
    [
        ("POST", "/containers/web/start", 204, ("start", "web")),
        ("POST", "/containers/web/stop?t=3&signal=INT", 204, ("stop", "web", 3, "INT")),
        ("POST", "/containers/web/stop", 204, ("stop", "web", None, "")),
        ("POST", "/containers/web/stop?t=-1", 204, ("stop", "web", -1, "")),
        ("POST", "/v1.41/containers/web/stop?signal=INT", 204, ("stop", "web", None, "")),
        ("POST", "/containers/web/restart?t=0", 204, ("restart", "web", 0, "")),
        ("POST", "/containers/web/kill?signal=USR1", 204, ("kill", "web", "USR1")),
        ("POST", "/containers/web/pause", 204, ("pause", "web")),
        ("POST", "/containers/web/unpause", 204, ("unpause", "web")),
        ("POST", "/containers/web/rename?name=other", 204, ("rename", "web", "other")),
        ("POST", "/containers/web/resize?h=10&w=20", 200, ("resize", "web", 10, 20)),
        ("DELETE", "/containers/web?v=1&force=true", 204, ("remove", "web", True, True, False)),
    ],
)
async def test_verbs(
    client: RawClient, engine: FakeEngine, method: str, path: str, status: int, call: tuple[object, ...]
) -> None:
    response = await client.request(method, path)
    assert (response.status, response.body) == (status, b"")
    assert engine.containers.calls == [call]


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/containers/web/stop?t=x", 500, 'strconv.Atoi: parsing "x": invalid syntax'),
        (
            "/containers/web/stop?t=99999999999999999999",
            500,
            'strconv.Atoi: parsing "99999999999999999999": value out of range',
        ),
        ("/containers/web/resize?h=4294967296&w=1", 400, 'invalid resize height "4294967296": value out of range'),
        ("/containers/web/resize?h=1&w=-100", 400, 'invalid resize width "-100": value out of range'),
        ("/containers/web/resize?h=1&w=-", 400, 'invalid resize width "-": invalid syntax'),
        ("/containers/web/resize?h=1&w=x", 400, 'invalid resize width "x": invalid syntax'),
        ("/containers/web/resize", 400, 'invalid resize height "": invalid syntax'),
        ("/containers/nope/start", 404, "No such container: nope"),
        ("/containers/web/wait?condition=foo", 400, 'invalid condition: "foo"'),
    ],
)
async def test_bad_queries(client: RawClient, path: str, status: int, message: str) -> None:
    response = await client.request("POST", path)
    assert (response.status, response.json()["message"]) == (status, message)


async def test_the_list_takes_both_encodings_of_filters(client: RawClient, engine: FakeEngine) -> None:
    await client.request("GET", '/containers/json?all=1&limit=2&size=yes&filters={"label":["a=b"]}')
    assert engine.containers.calls[-1] == ("list", True, 2, True)
    assert engine.containers.filters.get("label") == ("a=b",)
    await client.request("GET", "/containers/json?filters=%7B%22status%22%3A%7B%22exited%22%3Atrue%7D%7D")
    assert engine.containers.filters.get("status") == ("exited",)
    assert engine.containers.calls[-1] == ("list", False, 0, False)


@pytest.mark.parametrize("query", ["filters=zz", "filters=[]", 'filters={"a":1}'])
async def test_bad_filters_are_refused(client: RawClient, query: str) -> None:
    response = await client.request("GET", f"/containers/json?{query}")
    assert (response.status, response.json()["message"]) == (400, "invalid filter")


async def test_inspect_shows_sizes_when_asked(client: RawClient) -> None:
    assert "SizeRw" not in (await client.request("GET", "/containers/web/json")).json()
    assert (await client.request("GET", "/containers/web/json?size=1")).json()["SizeRootFs"] == 1234


async def test_wait_sends_its_headers_before_there_is_a_result(client: RawClient, engine: FakeEngine) -> None:
    await client.send_request("POST", "/containers/web/wait?condition=next-exit")
    head = await client.head()
    assert (head.status, head.headers["transfer-encoding"]) == (200, "chunked")
    assert engine.containers.wait_condition == "next-exit"
    assert engine.containers.outcome is not None
    engine.containers.outcome.set_result((3, ""))
    assert [chunk async for chunk in client.chunks()] == [b'{"StatusCode":3}\n']


async def test_wait_tells_why_it_failed(client: RawClient, engine: FakeEngine) -> None:
    await client.send_request("POST", "/containers/web/wait")
    await client.head()
    assert engine.containers.outcome is not None
    engine.containers.outcome.set_result((128, "no init"))
    assert await client.chunk() == b'{"Error":{"Message":"no init"},"StatusCode":128}\n'


async def test_top_and_prune(client: RawClient) -> None:
    top = await client.request("GET", "/containers/web/top?ps_args=-ef")
    assert top.json() == {"Processes": [["42", "sleep 30"]], "Titles": ["PID", "CMD"]}
    prune = await client.request("POST", "/containers/prune")
    assert prune.json() == {"ContainersDeleted": None, "SpaceReclaimed": 0}


async def test_the_list_has_one_line_for_each(client: RawClient, engine: FakeEngine) -> None:
    engine.containers.all["old"] = a_container(
        id="f" * 64, name="old", state=State(status=Status.CREATED), endpoints={}
    )
    items = (await client.request("GET", "/containers/json?all=1")).json()
    assert [(item["Names"], item["Command"], item["State"]) for item in items] == [
        (["/web"], "sleep 30", "running"),
        (["/old"], "sleep 30", "created"),
    ]
    assert items[1]["Status"] == "Created"
    assert list(items[0]["NetworkSettings"]["Networks"]) == ["bridge"]


async def test_a_start_takes_no_configuration(client: RawClient) -> None:
    assert (await client.request("POST", "/containers/web/start", {})).status == 204
    chunked = {"Transfer-Encoding": "chunked", "Content-Type": "application/json"}
    await client.send_request("POST", "/containers/web/start", headers=chunked)
    await client.send("2\r\n{}\r\n0\r\n\r\n")
    replies = [await client.response(), await client.request("POST", "/containers/web/start", {"Binds": ["/a:/b"]})]
    for reply in replies:
        assert (reply.status, reply.json()["message"][:47]) == (400, "starting container with non-empty request body ")
