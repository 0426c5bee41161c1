"""Settings for each registry."""

from pathlib import Path

import pytest

from pier.domain.errors import PierError
from pier.registry.endpoints import Endpoint
from pier.registry.hosts import Hosts


def _hosts(directory: Path | None, **more: list[str]) -> Hosts:
    return Hosts(mirrors=more.get("mirrors", []), insecure=more.get("insecure", []), directory=directory)


def _find(tmp_path: Path, text: str, domain: str = "ghcr.io", folder: str = "") -> list[Endpoint]:
    (tmp_path / (folder or domain)).mkdir()
    (tmp_path / (folder or domain) / "hosts.toml").write_text(text)
    return _hosts(tmp_path).find(domain)


def test_without_settings_the_configuration_counts(tmp_path: Path) -> None:
    for directory in (None, tmp_path, tmp_path / "absent"):
        mirror, hub = _hosts(directory, mirrors=["https://mirror.example"]).find("docker.io")
        assert (mirror.host, hub.host) == ("mirror.example", "registry-1.docker.io")


def test_hosts_in_order_and_the_server_last(tmp_path: Path) -> None:
    text = """
        server = "https://origin.example"
        [host."http://10.0.0.1:5000"]
          capabilities = ["pull", "resolve"]
          dial_timeout = "1m1.5s"
        [host."https://mirror.example/v2/proxy"]
          override_path = true
          skip_verify = true
          [host."https://mirror.example/v2/proxy".header]
            x-key = ["a", "b"]
    """
    plain, proxy, origin = _find(tmp_path, text)
    assert (plain.host, plain.schemes, plain.root, plain.namespace) == ("10.0.0.1:5000", ("http",), "/v2", "ghcr.io")
    assert (plain.connect_seconds, proxy.connect_seconds) == (61.5, 0)
    assert plain.capabilities == {"pull", "resolve"}
    assert (proxy.root, proxy.tls.verify, proxy.headers) == ("/v2/proxy", False, {"x-key": "a, b"})
    assert (plain.is_mirror, proxy.is_mirror) == (True, True)
    assert (origin.host, origin.schemes, origin.tls.verify) == ("origin.example", ("https",), True)
    assert not origin.is_mirror  # it gets the domain's credentials
    [anybodys] = _find(tmp_path, 'server = "https://origin.example"', "other.example", "_default")
    assert anybodys.is_mirror


def test_origin_that_no_server_names_is_as_without_a_file(tmp_path: Path) -> None:
    mirror, origin = _find(tmp_path, '[host."https://m.example"]', "docker.io")
    assert (mirror.host, mirror.is_mirror, origin.host, origin.is_mirror) == (
        "m.example",
        True,
        "registry-1.docker.io",
        False,
    )
    [local] = _find(tmp_path, "", "localhost:5000", folder="localhost_5000_")
    assert local.schemes == ("https", "http")


@pytest.mark.parametrize("folder", ["r.example_5000_", "r.example:5000", "_default"])
def test_folders_that_count(tmp_path: Path, folder: str) -> None:
    mirror, _ = _find(tmp_path, '[host."https://m.example"]', "r.example:5000", folder)
    assert mirror.host == "m.example"


def test_certificates_of_a_file(tmp_path: Path) -> None:
    text = """
        server = "https://127.0.0.1:5000"
        ca = "ca.pem"
        client = [["c.pem", "/keys/c.key"], ["both.pem", ""]]
    """
    [endpoint] = _find(tmp_path, text, "127.0.0.1:5000")
    folder = tmp_path / "127.0.0.1:5000"
    assert endpoint.tls.authorities == (str(folder / "ca.pem"),)
    assert endpoint.tls.clients == (
        (str(folder / "c.pem"), "/keys/c.key"),
        (str(folder / "both.pem"), str(folder / "both.pem")),
    )
    assert endpoint.tls.verify  # although it is on loopback: somebody vouches for it


def test_certificates_that_lie_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "r.example"
    folder.mkdir()
    for name in ("ca.crt", "c.cert", "c.key"):
        (folder / name).touch()
    [endpoint] = _hosts(tmp_path).find("r.example")
    assert endpoint.tls.authorities == (str(folder / "ca.crt"),)
    assert endpoint.tls.clients == ((str(folder / "c.cert"), str(folder / "c.key")),)
    (folder / "c.key").unlink()
    with pytest.raises(PierError, match=r"missing key c\.key"):
        _hosts(tmp_path).find("r.example")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("server = ", "cannot read the registry settings"),
        ("host = 1", "must be a table"),
        ('[host."https://m"]\ncapabilites = []', "not known to Pier: capabilites"),
        ('[host."https://m"]\ncapabilities = ["fly"]', "capabilities are pull, resolve and push"),
        ('[host."ftp://m"]', "no address of a registry"),
        ("ca = 1", "must be a text or a list"),
        ("client = [1]", "pairs of a certificate"),
        ('dial_timeout = "soon"', "must be a time as 30s"),
        ("dial_timeout = 5", "must be a time as 30s"),
        ("header = 1", "`header` must be a table"),
    ],
)
def test_settings_that_make_no_sense(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PierError, match=message):
        _find(tmp_path, text)
