"""A small synchronous HTTP/1.1 client of the Docker Engine API, over unix and TCP sockets.

Its trade is bytes and JSON on a socket: requests, streamed answers, uploads in chunks and hijacked connections. It
knows no command line and no terminal. It may import the standard library and `pier.wire` only; because `pier ps` must
start as fast as a compiled client, nothing here imports ssl, asyncio, http.client, email, re, typing or dataclasses.
"""
