"""Where repositories live."""

import pytest

from pier.registry.endpoints import Endpoint, endpoints, host_of, is_insecure


def test_hub_has_mirrors_in_front_and_its_own_host() -> None:
    mirror, plain, hub = endpoints(
        "docker.io", mirrors=["https://mirror.example/hub/", "http://10.0.0.1:5000"], insecure=[]
    )
    assert (mirror.host, mirror.schemes, mirror.root, mirror.is_mirror) == (
        "mirror.example",
        ("https",),
        "/hub/v2",
        True,
    )
    assert mirror.capabilities == {"pull", "resolve"}
    assert (plain.host, plain.schemes) == ("10.0.0.1:5000", ("http",))
    assert hub == Endpoint("registry-1.docker.io")


def test_others_have_no_mirrors() -> None:
    assert endpoints("ghcr.io", mirrors=["https://mirror.example"], insecure=[]) == [Endpoint("ghcr.io")]


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("localhost:5000", True),
        ("127.0.0.1", True),
        ("127.8.8.8:5000", True),
        ("[::1]:5000", True),
        ("listed.example", True),
        ("port.example:5000", True),
        ("port.example", False),
        ("10.1.2.3:5000", True),
        ("10.2.2.3:5000", False),
        ("other.example", False),
        ("localhost.example", False),
    ],
)
def test_who_may_be_spoken_to_in_plain_http(domain: str, expected: bool) -> None:
    assert is_insecure(domain, ["listed.example", "port.example:5000", "10.1.0.0/16", "not/anetwork"]) is expected


def test_secure_hosts_are_only_asked_by_https() -> None:
    assert Endpoint("x").schemes == ("https",)
    assert Endpoint("x", insecure=True).schemes == ("https", "http")


@pytest.mark.parametrize(("domain", "host"), [("a:1", "a"), ("a", "a"), ("[::1]:5", "::1"), ("[::1]", "::1")])
def test_host_of(domain: str, host: str) -> None:
    assert host_of(domain) == host
