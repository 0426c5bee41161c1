"""Finds the handler of a path without trying one pattern after the other.

A pattern's variable is a whole segment, `{name}`, or several, `{name...}` (image names have slashes), of which there
is at most one, directly behind the first segment.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pier.api.http.messages import Answer

if TYPE_CHECKING:
    from pier.api.call import Call

RouteHandler: TypeAlias = Callable[["Call"], Awaitable[Answer]]
Support: TypeAlias = Literal["supported", "partial", "missing"]


@dataclass(frozen=True, slots=True)
class Route:
    """`to_end`: a change that is not cut short when its client goes away. `note` says what is left out, or why."""

    method: str
    pattern: str
    handler: RouteHandler
    support: Support = "supported"
    note: str = ""
    to_end: bool = False


class Router:
    def __init__(self, routes: Iterable[Route]) -> None:
        self._exact: dict[tuple[str, str], Route] = {}
        self._shaped: dict[tuple[str, ...], Route] = {}  # method, then segments; a variable is ""
        self._greedy: dict[tuple[str, str, str], Route] = {}  # method, first segment, what stands behind the variable
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        segments = route.pattern.strip("/").split("/")
        if "{" not in route.pattern:
            self._exact[route.method, route.pattern] = route
        elif segments[1].endswith("...}"):
            self._greedy[route.method, segments[0], "/".join(segments[2:])] = route
        else:
            shape = tuple("" if segment.startswith("{") else segment for segment in segments)
            self._shaped[(route.method, *shape)] = route

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """The route and its path variables, by name. None for an unknown path, or a method it does not have."""
        route = self._exact.get((method, path))
        if route is not None:
            return route, {}
        segments = path[1:].split("/")
        if len(segments) < 2 or not segments[1]:
            return None
        return self._find_shaped(method, segments) or self._find_greedy(method, segments)

    def _find_shaped(self, method: str, segments: list[str]) -> tuple[Route, Mapping[str, str]] | None:
        if "" in segments:
            return None
        one = self._shaped.get((method, segments[0], "", *segments[2:]))
        if one is not None:
            return one, {"name": segments[1]}
        if len(segments) > 3:
            two = self._shaped.get((method, segments[0], "", *segments[2:-1], ""))
            if two is not None:
                return two, {"name": segments[1], "item": segments[-1]}
        return None

    def _find_greedy(self, method: str, segments: list[str]) -> tuple[Route, Mapping[str, str]] | None:
        if len(segments) > 2:
            route = self._greedy.get((method, segments[0], segments[-1]))
            if route is not None:
                return route, {"name": "/".join(segments[1:-1])}
        route = self._greedy.get((method, segments[0], ""))
        return None if route is None else (route, {"name": "/".join(segments[1:])})
