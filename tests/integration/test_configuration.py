"""daemon.json: what it gives to containers, and a reload by SIGHUP."""

import json
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from conftest import load_image
from support.engine import Engine
from support.fetch import fetch
from support.wait import wait_for

SERVER = "mkdir /w; echo served > /w/index.html; exec httpd -f -h /w"
pytestmark = [pytest.mark.root, pytest.mark.containerd]


def configure(engine: Engine, **keys: Any) -> Path:
    """Writes its daemon.json; an underscore stands for a dash."""
    engine.data_root.mkdir(parents=True, exist_ok=True)
    path = engine.data_root / "daemon.json"
    path.write_text(json.dumps({key.replace("_", "-"): value for key, value in keys.items()}))
    engine.flags = ["--config-file", str(path)]
    return path


def reload(engine: Engine, lines: str) -> None:
    """Sends SIGHUP and waits for what pierd says to it."""
    os.kill(engine.pid, signal.SIGHUP)
    wait_for(lambda: lines in engine.tail(), what=f"{lines!r} in pierd's log")


def test_defaults_for_containers(new_engine: Callable[..., Engine], image: str, tmp_path: Path) -> None:
    profile = tmp_path / "seccomp.json"
    rule = {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}
    profile.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}))
    engine = new_engine()
    configure(
        engine,
        dns=["192.0.2.53"],
        dns_opts=["ndots:4"],
        dns_search=["example.org"],
        mtu=1400,
        default_ulimits={"nofile": {"Name": "nofile", "Soft": 77, "Hard": 88}},
        default_shm_size="8M",
        default_ipc_mode="shareable",
        host_gateway_ips=["192.0.2.77"],
        no_new_privileges=True,
        seccomp_profile=str(profile),
        log_driver="local",
    )
    engine.start()
    load_image(engine)
    script = (
        "cat /etc/resolv.conf /etc/hosts; ulimit -n; ulimit -Hn; df -k /dev/shm | tail -1; cat /sys/class/net/eth0/mtu;"
        " grep NoNewPrivs /proc/self/status; mkdir /x 2>&1"
    )
    words = engine.docker("run", "--add-host", "h:host-gateway", image, "sh", "-c", script).stdout.split()
    said = " ".join(words)
    for wanted in ("nameserver 192.0.2.53", "options ndots:4", "search example.org", "192.0.2.77 h", "77 88", "8192"):
        assert wanted in said
    assert "1400 NoNewPrivs: 1" in said
    assert "can't create directory '/x': Operation not permitted" in said
    shown = engine.call("GET", "/containers/json?all=1").json()[0]["Id"]
    host = engine.call("GET", f"/containers/{shown}/json").json()["HostConfig"]
    assert (host["Dns"], host["Ulimits"], host["IpcMode"], host["LogConfig"]["Type"]) == ([], [], "shareable", "local")
    options = engine.call("GET", "/info").json()["SecurityOptions"]
    assert {f"name=seccomp,profile={profile}", "name=no-new-privileges"} <= set(options)
    engine.docker("run", "-d", "--name", "box", image, "sleep", "100").check()
    # runc 1.1 now and then leaves an exec with its hard limit as the soft one, under dockerd too.
    assert engine.docker("exec", "box", "sh", "-c", "ulimit -n").check().stdout in ("77\n", "88\n")


def test_the_default_bridge_follows_the_configuration(new_engine: Callable[..., Engine], image: str) -> None:
    engine = new_engine()
    engine.start()
    load_image(engine)
    engine.stop()
    configure(engine, mtu=1300, ip="127.0.0.1", icc=False)
    engine.start()
    options = engine.call("GET", "/networks/bridge").json()["Options"]
    assert options["com.docker.network.driver.mtu"] == "1300"
    assert options["com.docker.network.bridge.enable_icc"] == "false"
    server = "mkdir /w; echo hello > /w/hello; exec httpd -f -h /w"
    engine.docker("run", "-d", "--name", "web", "-p", "80", image, "sh", "-c", server).check()
    (binding,) = engine.call("GET", "/containers/web/json").json()["NetworkSettings"]["Ports"]["80/tcp"]
    assert binding["HostIp"] == "127.0.0.1"
    assert engine.docker("exec", "web", "cat", "/sys/class/net/eth0/mtu").check().stdout == "1300\n"
    address = engine.docker("exec", "web", "hostname", "-i").check().stdout.strip()
    wait_for(partial(fetch, address, 80, path="/hello"), what="the page")
    engine.docker("run", "-d", "--name", "late", image, "sleep", "100").check()
    engine.docker("network", "create", "front").check()
    engine.docker("run", "-d", "--name", "moved", "--network", "front", image, "sleep", "100").check()
    engine.docker("network", "connect", "--link", "web:site", "bridge", "moved").check()  # dockerd overlooks this link
    engine.docker("run", "-d", "--name", "linked", "--link", "web", image, "sleep", "100").check()
    engine.kill()
    engine.start()
    fetched = {
        name: engine.docker("exec", name, "timeout", seconds, "wget", "-q", "-O-", f"http://{address}/hello").code
        for name, seconds in (("linked", "20"), ("moved", "20"), ("late", "2"))
    }
    delay = Path(f"/proc/sys/net/ipv4/neigh/{options['com.docker.network.bridge.name']}/proxy_delay")
    assert delay.read_text() == "0\n"  # the host, through which linked ones meet, answers their ARP at once
    assert (fetched["linked"], fetched["moved"]) == (0, 0)
    assert fetched["late"] != 0
    for name, alias in (("linked", "web"), ("moved", "site")):
        assert f"{address}\t{alias} " in engine.docker("exec", name, "cat", "/etc/hosts").stdout


def test_the_addresses_of_the_default_bridge(new_engine: Callable[..., Engine], image: str) -> None:
    engine = new_engine()
    configure(engine, ipv6=True)  # first with nothing else said
    engine.start()
    assert engine.call("GET", "/networks/bridge").json()["IPAM"]["Config"][1]["Subnet"].startswith("fd")
    load_image(engine)
    engine.stop()
    net = engine.bip.removesuffix("1/24")
    configure(
        engine,
        fixed_cidr=f"{net}128/25",
        default_gateway=f"{net}254",
        ipv6=True,
        fixed_cidr_v6="fd00:213:7::/64",
    )
    engine.flags = [*engine.flags, "--bip", f"{net}9/24"]
    engine.start()
    network = engine.call("GET", "/networks/bridge").json()
    assert network["EnableIPv6"] is True
    assert network["IPAM"]["Config"] == [
        {
            "Subnet": f"{net}0/24",
            "IPRange": f"{net}128/25",
            "Gateway": f"{net}9",
            "AuxiliaryAddresses": {"DefaultGatewayIPv4": f"{net}254"},
        },
        {"Subnet": "fd00:213:7::/64", "IPRange": "fd00:213:7::/64", "Gateway": "fd00:213:7::1"},
    ]
    engine.docker("run", "-d", "--name", "web", "-p", "80", image, "sh", "-c", SERVER).check()
    settings = engine.call("GET", "/containers/web/json").json()["NetworkSettings"]
    assert (settings["IPAddress"], settings["Gateway"]) == (f"{net}128", f"{net}254")
    assert (settings["GlobalIPv6Address"], settings["IPv6Gateway"]) == ("fd00:213:7::2", "fd00:213:7::1")
    flags = ["--rm", "--link", "web", "--add-host", "h:host-gateway"]
    script = "ip route; ip -6 route; cat /etc/hosts"
    said = engine.docker("run", *flags, image, "sh", "-c", script).check().stdout
    assert f"default via {net}254 " in said
    assert "default via fd00:213:7::1 " in said
    for line in (f"{net}9\th", "fd00:213:7::1\th", f"{net}128\tweb", "fd00:213:7::2\tweb"):
        assert line in said
    port = int(settings["Ports"]["80/tcp"][0]["HostPort"])
    for address, number in (("fd00:213:7::2", 80), (f"{net}128", 80), ("127.0.0.1", port), ("::1", port)):
        wait_for(partial(fetch, address, number), what=f"the page at {address}")


def test_sighup_reloads_what_dockerd_reloads(new_engine: Callable[..., Engine], image: str) -> None:
    engine = new_engine()
    configure(engine, labels=["a=1"])
    engine.start()
    load_image(engine)
    engine.docker("run", "-d", "--name", "lives", image, "sleep", "1000").check()
    runtime = {"path": "/usr/sbin/runc", "runtimeArgs": ["--debug"]}
    changed = {"runtimes": {"loud": runtime}, "registry_mirrors": ["http://127.0.0.1:9"], "shutdown_timeout": 9}
    configure(engine, labels=["b=2"], **changed, mtu=1400)
    reload(engine, "only in force after a restart of pierd: mtu")
    info = engine.call("GET", "/info").json()
    assert (info["Labels"], info["RegistryConfig"]["Mirrors"]) == (["b=2"], ["http://127.0.0.1:9/"])
    assert info["Runtimes"]["loud"]["path"] == "/usr/sbin/runc"
    assert engine.docker("run", "--rm", "--runtime", "loud", image, "echo", "heard").check().stdout == "heard\n"
    assert "--debug" in (engine.data_root / "runtimes" / "loud").read_text()
    assert engine.docker("inspect", "-f", "{{.State.Running}}", "lives").check().stdout == "true\n"
    until = int(time.time()) + 1
    events = engine.call("GET", f'/events?since=1&until={until}&filters={{"type":["daemon"]}}')
    (event,) = [json.loads(line) for line in events.body.splitlines() if b'"Action":"reload"' in line]
    told = event["Actor"]["Attributes"]
    assert (told["labels"], told["shutdown-timeout"], told["max-concurrent-uploads"]) == ('["b=2"]', "9", "5")


def test_a_mistake_in_the_file_changes_nothing(new_engine: Callable[..., Engine]) -> None:
    engine = new_engine()
    path = configure(engine, labels=["a=1"])
    engine.start()
    path.write_text('{"labels": 3}')
    reload(engine, "the configuration stays as it is")
    assert engine.call("GET", "/info").json()["Labels"] == ["a=1"]


def test_a_shim_may_be_named_with_options(new_engine: Callable[..., Engine], image: str) -> None:
    engine = new_engine()
    shim = {"runtimeType": "io.containerd.runc.v2", "options": {"BinaryName": "/usr/sbin/runc"}}
    configure(engine, runtimes={"mine": shim}, default_runtime="mine")
    engine.start()
    load_image(engine)
    assert engine.docker("run", "--rm", image, "echo", "ran").check().stdout == "ran\n"
