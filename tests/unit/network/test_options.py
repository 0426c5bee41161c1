from typing import Any

import pytest

from pier.domain.errors import InvalidArgument, Unsupported
from pier.domain.network import EndpointRequest, Network
from pier.network.options import choose_interface, parse_bridge_options

BRIDGE = "com.docker.network.bridge."


def network(options: dict[str, str] | None = None, **more: Any) -> Network:
    return Network(id="0123456789abcdef" * 4, name="web", driver="bridge", options=options or {}, **more)


def test_defaults() -> None:
    options = parse_bridge_options(network())
    assert options.name == "br-0123456789ab"
    assert (options.mtu, options.connected, options.masquerade, options.host_ip) == (1500, True, True, "0.0.0.0")


def test_docker_s_options_are_honoured() -> None:
    options = parse_bridge_options(
        network(
            {
                BRIDGE + "name": "web0",
                BRIDGE + "enable_icc": "false",
                BRIDGE + "enable_ip_masquerade": "0",
                BRIDGE + "host_binding_ipv4": "127.0.0.1",
                "com.docker.network.driver.mtu": "9000",
            }
        )
    )
    assert (options.name, options.mtu, options.host_ip) == ("web0", 9000, "127.0.0.1")
    assert not options.connected
    assert not options.masquerade


def test_recorded_bridge_name_stands_above_the_option() -> None:
    assert parse_bridge_options(network({BRIDGE + "name": "web0"}, bridge="pier0")).name == "pier0"


def test_the_prefix_of_interfaces_is_the_networks() -> None:
    prefix = parse_bridge_options(network({"com.docker.network.container_iface_prefix": "lan"})).prefix
    assert choose_interface(EndpointRequest(), "eth3", prefix) == "lan3"


def test_each_family_has_a_gateway_mode() -> None:
    options = parse_bridge_options(network({BRIDGE + "gateway_mode_ipv6": "routed"}))
    assert (set(options.versions("nat")), set(options.versions("routed"))) == ({4}, {6})
    isolated = {BRIDGE + "gateway_mode_ipv4": "isolated"}
    assert parse_bridge_options(network(isolated, internal=True)).versions("isolated") == {4}
    with pytest.raises(InvalidArgument, match="can only be used for an internal network"):
        parse_bridge_options(network(isolated))
    for mode in ("foo", ""):
        with pytest.raises(InvalidArgument, match=f"unknown gateway mode {mode}"):
            parse_bridge_options(network({BRIDGE + "gateway_mode_ipv4": mode}))


@pytest.mark.parametrize("text", ["", "x", "::1", "127.0.0"])
def test_ports_are_bound_to_an_ipv4_address(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"failed to parse .*host_binding_ipv4 value: .* \(nil ip\)"):
        parse_bridge_options(network({BRIDGE + "host_binding_ipv4": text}))


def test_addresses_and_interfaces_of_the_host() -> None:
    options = parse_bridge_options(
        network(
            {
                BRIDGE + "inhibit_ipv4": "true",
                BRIDGE + "trusted_host_interfaces": "eth0:wg0",
                "com.docker.network.host_ipv4": "192.0.2.7",
                "com.docker.network.host_ipv6": "2001:DB8::7",
            }
        )
    )
    assert (options.bare, options.trusted) == (True, ("eth0", "wg0"))
    assert options.sources == {4: "192.0.2.7", 6: "2001:db8::7"}
    plain = parse_bridge_options(network())
    assert (plain.bare, plain.trusted, plain.sources) == (False, (), {})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (BRIDGE + "inhibit_ipv4", "maybe"),
        (BRIDGE + "trusted_host_interfaces", "eth0 eth1"),
        ("com.docker.network.host_ipv4", "2001:db8::7"),
        ("com.docker.network.host_ipv4", "nonsense"),
        ("com.docker.network.host_ipv6", "192.0.2.7"),
    ],
)
def test_wrong_addresses_and_interfaces_of_the_host(key: str, value: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_bridge_options(network({key: value}))


def test_a_network_has_some_family() -> None:
    assert parse_bridge_options(network(enable_ipv4=False, enable_ipv6=True)).masquerade
    with pytest.raises(InvalidArgument, match="IPv4 or IPv6 must be enabled"):
        parse_bridge_options(network(enable_ipv4=False))


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (network({"com.docker.network.magic": "1"}), "com.docker.network.magic"),
        (network(ipam_driver="dhcp"), "dhcp"),
    ],
)
def test_what_is_not_built_is_unsupported_by_name(wrong: Network, word: str) -> None:
    with pytest.raises(Unsupported, match=word):
        parse_bridge_options(wrong)


@pytest.mark.parametrize(
    "options",
    [{BRIDGE + "enable_icc": "maybe"}, *({"com.docker.network.driver.mtu": text} for text in ("x", "5", "-1"))],
)
def test_wrong_value_is_an_invalid_argument(options: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument, match=next(iter(options))):
        parse_bridge_options(network(options))


def test_what_is_not_docker_s_is_nobody_s_business() -> None:
    assert parse_bridge_options(network({"com.example.magic": "1"})) == parse_bridge_options(network())
    assert choose_interface(EndpointRequest(driver_opts={"com.example.magic": "x"}), "eth0") == "eth0"


def test_interface_is_the_option_s_or_the_default() -> None:
    assert choose_interface(EndpointRequest(), "eth0") == "eth0"
    named = EndpointRequest(driver_opts={"com.docker.network.endpoint.ifname": "lan0"})
    assert choose_interface(named, "eth0") == "lan0"


@pytest.mark.parametrize(
    "request_",
    [
        EndpointRequest(driver_opts={"com.docker.network.magic": "x"}),
    ],
)
def test_endpoint_options_that_are_not_built_are_unsupported(request_: EndpointRequest) -> None:
    with pytest.raises(Unsupported):
        choose_interface(request_, "eth0")


@pytest.mark.parametrize("name", ["far-too-long-for-a-link", "a b", "a/b", 'a"b', "a:b", "..", "pier*"])
def test_name_that_the_kernel_would_refuse_is_an_invalid_argument(name: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid interface name"):
        parse_bridge_options(network(bridge=name))
    with pytest.raises(InvalidArgument, match="invalid interface name"):
        choose_interface(EndpointRequest(driver_opts={"com.docker.network.endpoint.ifname": name}), "eth0")


def test_who_needs_no_gateway() -> None:
    mode = "com.docker.network.bridge.gateway_mode_ipv6"
    isolated = parse_bridge_options(network(options={mode: "isolated"}, internal=True, enable_ipv6=True))
    assert isolated.without_gateway(internal=True) == {6}
    bare = parse_bridge_options(network(options={"com.docker.network.bridge.inhibit_ipv4": "true"}))
    assert bare.without_gateway(internal=True) == {4}
    assert not bare.without_gateway(internal=False)
