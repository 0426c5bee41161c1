from fakes.cli import Pier
from fakes.http_engine import HttpEngine

# What the engine fills in; docker's CLI sends it, too.
UNSET = {
    **dict.fromkeys(("MacAddress", "NetworkID", "EndpointID", "Gateway", "IPAddress", "IPv6Gateway"), ""),
    **dict.fromkeys(("IPPrefixLen", "GlobalIPv6PrefixLen"), 0),
    "GlobalIPv6Address": "",
    "DNSNames": None,
}


def test_connect(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/networks/front/connect", None)
    assert pier("network", "connect", "front", "web") == (0, "", "")
    assert engine.last("POST", "/networks/front/connect").json == {
        "Container": "web",
        "EndpointConfig": {**UNSET, "IPAMConfig": {}, "Links": None, "Aliases": [], "DriverOpts": {}, "GwPriority": 0},
    }


def test_connect_with_everything(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/networks/front/connect", None)
    argv = ["--alias", "a,b", "--alias=c", "--ip", "10.0.0.9", "--ip6", "fd00::9", "--link-local-ip", "169.254.0.1"]
    argv += ["--link", "db:sql", "--driver-opt", "com.docker.network.endpoint.ifname=lan0", "--gw-priority", "-3"]
    assert pier("network", "connect", *argv, "front", "web") == (0, "", "")
    assert engine.last("POST", "/networks/front/connect").json["EndpointConfig"] == {
        **UNSET,
        "IPAMConfig": {"IPv4Address": "10.0.0.9", "IPv6Address": "fd00::9", "LinkLocalIPs": ["169.254.0.1"]},
        "Links": ["db:sql"],
        "Aliases": ["a", "b", "c"],
        "DriverOpts": {"com.docker.network.endpoint.ifname": "lan0"},
        "GwPriority": -3,
    }


def test_an_option_without_a_value_is_refused(engine: HttpEngine, pier: Pier) -> None:
    assert pier("network", "connect", "--driver-opt", "x", "front", "web") == (
        1,
        "",
        "invalid key/value pair format in driver options\n",
    )
    assert engine.sent() == []


def test_disconnect(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/networks/front/disconnect", None)
    for argv, force in (((), False), (("-f",), True)):
        assert pier("network", "disconnect", *argv, "front", "web") == (0, "", "")
        assert engine.last("POST", "/networks/front/disconnect").json == {"Container": "web", "Force": force}


def test_an_error_of_the_engine_is_shown(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("POST", "/networks/front/connect", {"message": "endpoint with name web already exists"}, 403)
    code, _, err = pier("network", "connect", "front", "web")
    assert (code, err) == (1, "Error response from daemon: endpoint with name web already exists\n")
    assert pier("network", "connect", "front")[0] == 1
