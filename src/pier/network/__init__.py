"""The host's network side: links, addresses, namespaces, packet rules and published ports.

An adapter: it imports `pier.domain` and the standard library only (netlink is spoken by `netlink` and `link`,
libnftables is called through ctypes by `nftables`), but for D-Bus in `firewalld`; never the engine or another adapter.
Nothing here forks, but for the one relay process that `relay` starts with the first port on an IPv6 address.
`ipam`, `options` and `ruleset` are pure; everything that may block runs in a thread.
"""
