"""The host's network side: links, addresses, namespaces, packet rules and published ports.

An adapter: it imports `pier.domain` and the standard library only (netlink is spoken by `netlink` and `link`,
libnftables is called through ctypes by `nftables`), never the engine or another adapter, and nothing here ever forks.
`ipam`, `options` and `ruleset` are pure; everything that may block runs in a thread.
"""
