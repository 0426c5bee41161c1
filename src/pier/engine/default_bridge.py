"""The network `bridge`: made at the first start, and in line with the configuration at each."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from ipaddress import ip_interface, ip_network

from pier.config import Config
from pier.domain import ids
from pier.domain.container import Container
from pier.domain.network import DEFAULT_GATEWAYS, IpamPool, Network
from pier.domain.record import Put
from pier.engine.containers.endpoints import BRIDGE
from pier.engine.context import Context

_log = logging.getLogger(__name__)


class DefaultBridge:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._outdated: Network | None = None

    async def take_settings(self, running: Iterable[Container]) -> Network | None:
        """Gives the bridge of an earlier start what the configuration says now; before the host is set up.

        Returns the network as recorded when its addresses are to change: the host is then set up without it, and
        `ensure` makes it anew. Running containers on it keep it as it is, as with dockerd.
        """
        memory, config = self._context.memory, self._context.config
        recorded = next((one for one in memory.networks.values() if one.name == BRIDGE), None)
        if recorded is None:
            return None
        network = replace(recorded, options={**recorded.options, **_options(config)})
        if network != recorded:
            await memory.commit(Put(network))
        if _addresses(network, config) == (network.enable_ipv6, network.pools):
            return None
        if any(BRIDGE in container.endpoints for container in running):
            _log.warning(
                "the addresses of the default bridge stay as they are, as containers run on it: stop them and start "
                "pierd again to change them"
            )
            return None
        self._outdated = network
        return network

    async def ensure(self) -> None:
        """Makes it where it is not, or not as configured. Raises Conflict, InvalidArgument, PermissionDenied."""
        memory, config = self._context.memory, self._context.config
        network = self._outdated
        if network is None and any(one.name == BRIDGE for one in memory.networks.values()):
            return
        network = network or Network(
            id=ids.new_id(),
            name=BRIDGE,
            driver="bridge",
            created_at=memory.clock.now(),
            options=_options(config),
            bridge=config.bridge,
        )
        ipv6, pools = _addresses(network, config)
        made = await self._context.ports.networks.create(replace(network, enable_ipv6=ipv6, pools=pools))
        await memory.commit(Put(made))
        self._outdated = None


def _options(config: Config) -> dict[str, str]:
    return {
        "com.docker.network.bridge.default_bridge": "true",
        "com.docker.network.bridge.enable_icc": str(config.icc).lower(),
        "com.docker.network.bridge.enable_ip_masquerade": str(config.ip_masq).lower(),
        "com.docker.network.bridge.host_binding_ipv4": config.ip,
        "com.docker.network.bridge.name": config.bridge,
        "com.docker.network.driver.mtu": str(config.mtu),
    }


def _addresses(network: Network, config: Config) -> tuple[bool, tuple[IpamPool, ...]]:
    """Whether it has IPv6, and its pools: as configured, else as they are, else left open."""
    four = [pool for pool in network.pools if ":" not in pool.subnet]
    pools = [_pool(config.bip, config.fixed_cidr, config.default_gateway, DEFAULT_GATEWAYS[4], four)]
    if config.ipv6:
        six = [pool for pool in network.pools if ":" in pool.subnet]
        pools.append(_pool(config.bip6, config.fixed_cidr_v6, config.default_gateway_v6, DEFAULT_GATEWAYS[6], six))
    return config.ipv6, tuple(pool for pool in pools if pool != IpamPool())  # an empty one does not tell its family


def _pool(bridge: str, fixed: str, gateway: str, role: str, recorded: Sequence[IpamPool]) -> IpamPool:
    """`bridge` is an address with a prefix; without it the `fixed` part is all of the subnet."""
    if bridge:
        interface = ip_interface(bridge)
        pool = IpamPool(subnet=str(interface.network), gateway=str(interface.ip), ip_range=fixed)
    elif fixed:
        pool = IpamPool(subnet=fixed, gateway=str(ip_network(fixed)[1]), ip_range=fixed)
    else:
        pool = replace(recorded[0], ip_range="") if recorded else IpamPool()
    return replace(pool, aux_addresses={role: gateway} if gateway else {})
