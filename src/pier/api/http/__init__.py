"""An HTTP/1.1 server on asyncio: h11 parses, the life of a connection is ours.

Knows nothing of Docker. Hijacked connections, early headers, half-close and bytes that arrive behind a request are its
reason to exist: no ready-made server offers all four. Imports h11 and the standard library only.
"""
