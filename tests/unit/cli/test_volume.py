import json

from fakes.cli import Pier
from fakes.http_engine import HttpEngine


def test_ls(engine: HttpEngine, pier: Pier) -> None:
    volumes = [{"Name": name, "Driver": "local", "Labels": None, "Mountpoint": "/m"} for name in ("b", "a")]
    engine.answer("GET", "/volumes", {"Volumes": volumes, "Warnings": None})
    assert pier("volume", "ls") == (0, "DRIVER    VOLUME NAME\nlocal     a\nlocal     b\n", "")
    assert pier("volume", "ls", "-q")[1] == "a\nb\n"
    row = json.loads(pier("volume", "ls", "--format", "json")[1].splitlines()[0])
    assert (row["Name"], row["Size"], row["Links"], row["Mountpoint"]) == ("a", "N/A", "N/A", "/m")
    engine.answer("GET", "/volumes", {"Volumes": None})
    assert pier("volume", "list")[1] == "DRIVER    VOLUME NAME\n"


def test_create(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/volumes/create", {"Name": "made-up"}, 201)
    assert pier("volume", "create") == (0, "made-up\n", "")
    assert engine.last("POST", "/volumes/create").json == {"Driver": "local"}
    assert pier("volume", "create", "-d", "x", "-o", "a=b", "--label", "l", "v")[0] == 0
    assert engine.last("POST", "/volumes/create").json == {
        "Driver": "x",
        "DriverOpts": {"a": "b"},
        "Labels": {"l": ""},
        "Name": "v",
    }
    assert pier("volume", "create", "--name", "a", "b")[0] == 1


def test_rm(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("DELETE", "/volumes/v", None, 204)
    assert pier("volume", "rm", "-f", "v") == (0, "v\n", "")
    assert engine.last("DELETE", "/volumes/v").query == {"force": ["1"]}
    engine.answer("DELETE", "/volumes/w", {"message": "get w: no such volume"}, 404)
    assert pier("volume", "rm", "w") == (1, "", "Error response from daemon: get w: no such volume\n")
