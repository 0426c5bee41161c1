import json

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine

NETWORK = {
    "Id": "f1cf00fb4dcc" + "0" * 52,
    "Name": "bridge",
    "Driver": "bridge",
    "Scope": "local",
    "Created": "2026-11-25T00:50:48.119121139Z",
    "EnableIPv6": True,
    "Internal": False,
    "Labels": {"a": "b"},
}


def test_ls(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/networks", [NETWORK, {**NETWORK, "Name": "a"}])
    code, out, _ = pier("network", "ls", "-f", "driver=bridge")
    assert code == 0
    assert [line.split()[1] for line in out.splitlines()[1:]] == ["a", "bridge"]
    assert engine.last("GET", "/networks").query == {"filters": ['{"driver":{"bridge":true}}']}
    assert pier("network", "list", "-q", "--no-trunc")[1].splitlines()[0] == NETWORK["Id"]
    row = json.loads(pier("network", "ls", "--format", "json")[1].splitlines()[1])
    assert (row["ID"], row["IPv4"], row["IPv6"], row["Internal"]) == ("f1cf00fb4dcc", "true", "true", "false")
    assert row["Labels"] == "a=b"
    assert row["CreatedAt"].startswith("2026-11-25 ")


def test_create(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/networks/create", {"Id": "nid", "Warning": "mind"}, 201)
    assert pier("network", "create", "n") == (0, "nid\n", "WARNING: mind\n")
    assert engine.last("POST", "/networks/create").json == {
        "Driver": "bridge",
        "Scope": "",
        "IPAM": {"Driver": "default", "Options": {}, "Config": []},
        "Internal": False,
        "Attachable": False,
        "Ingress": False,
        "ConfigOnly": False,
        "ConfigFrom": None,
        "Options": {},
        "Labels": {},
        "Name": "n",
    }


def test_addresses_go_to_their_subnet(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/networks/create", {"Id": "nid"}, 201)
    argv = ["--subnet", "10.0.0.0/8,fd00::/64", "--gateway", "10.0.0.1", "--gateway", "fd00::1", "--ipv6"]
    argv += ["--ip-range", "10.1.0.0/16", "--aux-address", "a=10.0.0.2", "--ipv4=false", "--config-from", "other"]
    assert pier("network", "create", *argv, "n")[0] == 0
    body = engine.last("POST", "/networks/create").json
    assert body["IPAM"]["Config"] == [
        {
            "Subnet": "10.0.0.0/8",
            "IPRange": "10.1.0.0/16",
            "Gateway": "10.0.0.1",
            "AuxiliaryAddresses": {"a": "10.0.0.2"},
        },
        {"Subnet": "fd00::/64", "Gateway": "fd00::1"},
    ]
    assert (body["EnableIPv4"], body["EnableIPv6"], body["ConfigFrom"]) == (False, True, {"Network": "other"})


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--gateway", "10.0.0.1"], "every ip-range or gateway must have a corresponding subnet"),
        (["--subnet", "10.0.0.0/8", "--gateway", "11.0.0.1"], "no matching subnet for gateway 11.0.0.1"),
        (["--subnet", "x"], "invalid subnet x"),
        (["--subnet", "10.0.0.0/8", "--subnet", "10.1.0.0/16"], "multiple overlapping subnet"),
        (["--subnet", "10.0.0.0/8,fd00::/64", "--gateway", "10.0.0.1,10.0.0.2"], "cannot configure multiple gateways"),
        (["--subnet", "10.0.0.0/8", "--ip-range", "nonsense"], "invalid address nonsense"),
    ],
)
def test_addresses_without_home(engine: HttpEngine, pier: Pier, argv: list[str], message: str) -> None:
    code, _, err = pier("network", "create", *argv, "n")
    assert code == 1
    assert message in err
    assert engine.sent() == []


def test_rm(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/networks/n", {"Name": "n"})
    engine.answer("DELETE", "/networks/n", None, 204)
    engine.answer("GET", "/networks/x", {"message": "network x not found"}, 404)
    assert pier("network", "rm", "n") == (0, "n\n", "")
    assert pier("network", "rm", "x", "n") == (
        1,
        "n\n",
        "Error response from daemon: network x not found\nexit status 1\n",
    )
    assert pier("network", "rm", "-f", "x") == (0, "", "")
