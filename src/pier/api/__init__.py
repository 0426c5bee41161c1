"""The Docker Engine API over HTTP: versions, routes, translation between `wire` and `domain`, streams.

May import `engine`, `wire` and `domain`. It decides nothing about containers: a route reads a request, calls one use
case, and describes what came back.
"""
