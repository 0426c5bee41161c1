"""The keeper of descriptors: a tiny process that outlives pierd, and the client that talks to it.

It holds what must not vanish with pierd (read ends of FIFOs, reserved host ports, DNS sockets). `process.py` is that
process: the standard library alone, nothing of Pier imported, so that it never needs an upgrade. `client.py` may
import pier.domain.
"""
