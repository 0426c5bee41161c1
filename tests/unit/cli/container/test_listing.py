import time
from pathlib import Path
from typing import Any

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine

from pier.cli.container.listing import container_listing, ellipsis, format_ports, short_id

ITEM: dict[str, Any] = {
    "Id": "0123456789abcdef" * 4,
    "Names": ["/web", "/other/alias"],
    "Image": "nginx:1@sha256:" + "a" * 64,
    "ImageID": "sha256:" + "b" * 64,
    "Command": "nginx -g 'daemon off; and more'",
    "Created": 0,
    "Ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}],
    "Labels": {"b": "2", "a": "1"},
    "State": "running",
    "Status": "Up 3 minutes",
    "NetworkSettings": {"Networks": {"bridge": {}, "n2": {}}},
    "Mounts": [{"Name": "a-very-long-volume-name", "Driver": "local"}, {"Source": "/src"}],
    "SizeRw": 5,
    "SizeRootFs": 1982422,
}


def test_ps_asks_and_prints(engine: HttpEngine, pier: Pier) -> None:
    engine.answer("GET", "/containers/json", [{**ITEM, "Created": time.time() - 125}])
    code, out, err = pier("ps", "-a", "-f", "status=running", "-s")
    assert (code, err) == (0, "")
    head, row = out.splitlines()
    assert head.split() == ["CONTAINER", "ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES", "SIZE"]
    assert row == (
        '0123456789ab   nginx:1   "nginx -g \'daemon of…"   2 minutes ago   Up 3 minutes   '
        "0.0.0.0:8080->80/tcp   web       5B (virtual 1.98MB)"
    )
    query = engine.last("GET", "/containers/json").query
    assert query == {"all": ["1"], "size": ["1"], "filters": ['{"status":{"running":true}}']}


@pytest.mark.parametrize(
    ("argv", "query"),
    [(["-l"], {"limit": ["1"]}), (["-n", "3"], {"limit": ["3"]}), (["-ln", "2"], {"limit": ["2"]}), ([], {})],
)
def test_limits(engine: HttpEngine, pier: Pier, argv: list[str], query: dict[str, list[str]]) -> None:
    engine.answer("GET", "/containers/json", [])
    assert pier("ps", *argv)[0] == 0
    assert engine.last("GET", "/containers/json").query == query


def test_quiet_and_configured_format(engine: HttpEngine, pier: Pier, tmp_path: Path) -> None:
    engine.answer("GET", "/containers/json", [ITEM])
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text('{"psFormat": "{{.Names}}!"}')
    assert pier("ps")[1] == "web!\n"
    assert pier("ps", "-q")[1] == "0123456789ab\n"
    assert pier("ps", "-q", "--no-trunc")[1] == ITEM["Id"] + "\n"
    assert pier("ps", "--format", "{{.Size}}")[1] == "5B (virtual 1.98MB)\n"
    assert engine.last("GET", "/containers/json").query["size"] == ["1"]


@pytest.mark.parametrize(
    ("field", "short", "full"),
    [
        ("Names", "web", "web,other/alias"),
        ("Image", "nginx:1", ITEM["Image"]),
        ("Command", '"nginx -g \'daemon of…"', "\"nginx -g 'daemon off; and more'\""),
        ("Labels", "a=1,b=2", "a=1,b=2"),
        ("Networks", "bridge,n2", "bridge,n2"),
        ("Mounts", "a-very-long-vo…,/src", "a-very-long-volume-name,/src"),
        ("LocalVolumes", "1", "1"),
        ("State", "running", "running"),
    ],
)
def test_fields(field: str, short: str, full: str) -> None:
    assert container_listing().fields[field][1](ITEM) == short
    assert container_listing(truncate=False).fields[field][1](ITEM) == full


def test_an_image_that_lost_its_tag_is_its_short_id() -> None:
    item = {**ITEM, "Image": "sha256:" + "b" * 64}
    assert container_listing().fields["Image"][1](item) == "b" * 12
    assert container_listing().fields["Image"][1]({**ITEM, "Image": ""}) == "<no image>"


def port(private: int, public: int = 0, address: str = "", kind: str = "tcp") -> dict[str, Any]:
    return {"PrivatePort": private, "PublicPort": public, "IP": address, "Type": kind}


@pytest.mark.parametrize(
    ("ports", "text"),
    [
        ([], ""),
        ([port(80)], "80/tcp"),
        ([port(7), port(5), port(6)], "5-7/tcp"),
        ([port(5), port(7)], "5/tcp, 7/tcp"),
        ([port(53, 53, "0.0.0.0", "udp"), port(54, 54, "0.0.0.0", "udp")], "0.0.0.0:53-54->53-54/udp"),
        ([port(80, 8080, "0.0.0.0"), port(80, 8080, "::")], "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp"),
        ([port(80, 8080, "0.0.0.0"), port(443)], "443/tcp, 0.0.0.0:8080->80/tcp"),
    ],
)
def test_ports(ports: list[dict[str, Any]], text: str) -> None:
    assert format_ports(ports) == text


def test_shortening() -> None:
    assert short_id("sha256:" + "c" * 64) == "c" * 12
    assert ellipsis("abcdef", 4) == "abc…"
    assert ellipsis("abcd", 4) == "abcd"
