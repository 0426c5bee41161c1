"""firewalld, where it runs: Pier's bridges are put into a zone whose packets it lets pass.

Its forward chain accepts by policy, but its last rule rejects what none of its zones lets pass, which no accept in
another chain prevents. A zone is given by D-Bus, facts from firewalld.dbus(5) and firewalld.zones(5): `trusted` is
always there and accepts all. Only the running firewalld is told, its configuration stays as it is; so it forgets with
a new start, and may with a reload (1.3 does), after which it is told again. A bridge that somebody has put into
another zone stays there: its administrator decides.

D-Bus is jeepney's trade, which is imported where firewalld was seen only.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from pier.domain.errors import PierError

_log = logging.getLogger(__name__)
ZONE = "trusted"
_BUS_NAME = "org.fedoraproject.FirewallD1"
_PATIENCE = 10.0  # seconds for one answer: it may be busy with a reload
_STARTING = 30  # seconds that a start may take
_LOOK = 30.0  # seconds until it is looked whether there is one now, and whether the bus is there still


# What jeepney raises without a bus, with one that does not believe who we are, and with one that goes away.
_BROKEN = (OSError, EOFError, ValueError, RuntimeError, TimeoutError)


class FirewalldError(Exception):
    """It cannot be reached, or refuses."""


class Zones(Protocol):
    """What is asked of firewalld; each method raises FirewalldError."""

    def find(self, interface: str) -> str:
        """The zone that an interface was put into, "" for none: that is, for the default one."""
        ...

    def add(self, zone: str, interface: str) -> None: ...
    def remove(self, zone: str, interface: str) -> None: ...


class Firewalld:
    """Keeps bridges in the zone. All methods block."""

    def __init__(self, connect: "Callable[[], AbstractContextManager[Zones]] | None" = None) -> None:
        self._connect = connect or dbus_zones
        self._ours: set[str] = set()
        self._failures = 0  # in a row

    def sync(self, bridges: Iterable[str]) -> frozenset[str]:
        """The bridges that it lets pass now. Never raises: what goes wrong is in the log, with what to do."""
        wanted = set(bridges)
        try:
            with self._connect() as zones:
                for bridge in sorted(self._ours - wanted):
                    if zones.find(bridge) == ZONE:
                        zones.remove(ZONE, bridge)
                    self._ours.discard(bridge)
                for bridge in sorted(wanted):
                    self._put(zones, bridge)
        except FirewalldError as error:
            self._failures += 1
            if self._failures == 2:  # once is no trouble: it may just be starting anew
                _log.warning(
                    "firewalld runs, and cannot be told of Pier's bridges (%s); containers are cut off until "
                    "firewall-cmd --zone=%s --add-interface=%s",
                    error,
                    ZONE,
                    " --add-interface=".join(sorted(wanted)),
                )
        else:
            self._failures = 0
        return frozenset(self._ours)

    def _put(self, zones: Zones, bridge: str) -> None:
        zone = zones.find(bridge)
        if not zone:
            zones.add(ZONE, bridge)
            _log.info("firewalld: put %s into the zone %s", bridge, ZONE)
        if zone in ("", ZONE):
            self._ours.add(bridge)
        else:
            self._ours.discard(bridge)


async def follow(is_there: Callable[[], bool], act: Callable[[], Awaitable[None]]) -> None:
    """Never returns: acts after each reload and each new start of firewalld, once `is_there` says there is one."""
    while True:
        if is_there():
            try:
                await _follow(is_there, act)
            except PierError as error:
                _log.warning("after a change of firewalld: %s", error.message)
            except (FirewalldError, *_BROKEN) as error:
                _log.debug("firewalld: %s", error)  # `sync` says it aloud
        await asyncio.sleep(_LOOK)


async def _follow(is_there: Callable[[], bool], act: Callable[[], Awaitable[None]]) -> None:
    """Until it is quiet for a while. `act` sees whether one is there: it has its name before it has its rules."""
    try:
        from jeepney import MatchRule, message_bus
        from jeepney.io.asyncio import Proxy, open_dbus_router
    except ImportError as error:
        raise FirewalldError("the Python library jeepney is not installed") from error
    reload = MatchRule(type="signal", interface=_BUS_NAME, member="Reloaded")
    start = MatchRule(type="signal", sender="org.freedesktop.DBus", member="NameOwnerChanged")
    start.add_arg_condition(0, _BUS_NAME)
    async with open_dbus_router(bus="SYSTEM") as router:
        with router.filter(reload) as changes, router.filter(start, queue=changes):
            for rule in (reload, start):
                async with asyncio.timeout(_PATIENCE):
                    await Proxy(message_bus, router).AddMatch(rule)
            while True:
                async with asyncio.timeout(_LOOK):
                    await changes.get()
                for _ in range(_STARTING):
                    await act()
                    if is_there():
                        break
                    await asyncio.sleep(1)


@contextmanager
def dbus_zones() -> Iterator[Zones]:
    """A connection to the system bus. Raises FirewalldError."""
    try:
        from jeepney.io.blocking import open_dbus_connection
    except ImportError as error:
        raise FirewalldError("the Python library jeepney is not installed") from error
    try:
        connection = open_dbus_connection(bus="SYSTEM")
    except _BROKEN as error:
        raise FirewalldError(f"no connection to the system bus: {error or type(error).__name__}") from error
    with connection:
        yield DbusZones(connection)


class DbusZones:
    """What a connection of jeepney's blocking kind asks."""

    def __init__(self, connection: Any) -> None:
        from jeepney import DBusAddress

        self._connection = connection
        interface = f"{_BUS_NAME}.zone"
        self._address = DBusAddress("/org/fedoraproject/FirewallD1", bus_name=_BUS_NAME, interface=interface)

    def find(self, interface: str) -> str:
        return str(self._call("getZoneOfInterface", interface)[0])

    def add(self, zone: str, interface: str) -> None:
        self._call("addInterface", zone, interface)

    def remove(self, zone: str, interface: str) -> None:
        self._call("removeInterface", zone, interface)

    def _call(self, method: str, *texts: str) -> Any:
        from jeepney import DBusErrorResponse, new_method_call
        from jeepney.wrappers import unwrap_msg

        message = new_method_call(self._address, method, "s" * len(texts), texts)
        try:
            return unwrap_msg(self._connection.send_and_get_reply(message, timeout=_PATIENCE))
        except DBusErrorResponse as error:
            raise FirewalldError(f"{method}: {error.name}: {error.data}") from error
        except _BROKEN as error:
            raise FirewalldError(f"{method}: {error or type(error).__name__}") from error
