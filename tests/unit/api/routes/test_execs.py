from fakes.containers import WEB
from fakes.engine import FakeEngine
from fakes.raw_client import RawClient


async def test_create_and_inspect(client: RawClient, engine: FakeEngine) -> None:
    body = {"Cmd": ["ls", "-l"], "AttachStdout": True, "User": "1", "Env": ["A=b"], "ConsoleSize": None}
    created = await client.request("POST", "/containers/web/exec", body)
    assert created.status == 201
    exec_id = created.json()["Id"]
    assert engine.execs.all[exec_id].config.env == ("A=b",)
    assert (await client.request("GET", f"/exec/{exec_id}/json")).json() == {
        "ID": exec_id,
        "Running": False,
        "ExitCode": None,
        "ProcessConfig": {
            "tty": False,
            "entrypoint": "ls",
            "arguments": ["-l"],
            "privileged": False,
            "user": "1",
        },
        "OpenStdin": False,
        "OpenStderr": False,
        "OpenStdout": True,
        "CanRemove": False,
        "ContainerID": WEB,
        "DetachKeys": "",
        "Pid": 0,
    }


async def test_a_command_is_asked_for_before_the_container(client: RawClient) -> None:
    response = await client.request("POST", "/containers/nope/exec", {})
    assert (response.status, response.json()["message"]) == (400, "No exec command specified")


async def test_resize(client: RawClient) -> None:
    exec_id = (await client.request("POST", "/containers/web/exec", {"Cmd": ["ls"]})).json()["Id"]
    assert (await client.request("POST", f"/exec/{exec_id}/resize?h=1&w=2")).status == 200
    assert (await client.request("POST", f"/exec/{exec_id}/resize?h=1")).status == 400


async def test_the_size_of_a_console_is_for_clients_that_know_of_it(client: RawClient, engine: FakeEngine) -> None:
    body = {"Cmd": ["sh"], "Tty": True, "ConsoleSize": [24, 80]}
    for version, expected in (("v1.42", (24, 80)), ("v1.41", None)):
        reply = await client.request("POST", f"/{version}/containers/web/exec", body)
        assert engine.execs.all[reply.json()["Id"]].config.console_size == expected


async def test_a_console_beyond_32_bits_is_refused(client: RawClient) -> None:
    body = {"Cmd": ["sh"], "Tty": True, "ConsoleSize": [1 << 32, 80]}
    assert (await client.request("POST", "/containers/web/exec", body)).status == 400
    exec_id = (await client.request("POST", "/containers/web/exec", {"Cmd": ["sh"]})).json()["Id"]
    start = {"Tty": True, "ConsoleSize": [1 << 32, 80]}
    assert (await client.request("POST", f"/exec/{exec_id}/start", start)).status == 400
