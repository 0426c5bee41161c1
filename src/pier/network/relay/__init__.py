"""Host ports on IPv6 addresses: carried to containers, which have IPv4 only, by one process that outlives pierd.

`process` is that process, with `loop`: on a part of the standard library alone, not even asyncio. `client` talks to it,
starts it with the first such port, and fills it again should it die. Packet rules cannot do this: they translate
addresses, not families, and the kernel has no `route_localnet` for `::1`.
"""
