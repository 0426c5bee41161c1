"""Tells apart what two clients did with the same line.

Places are `group/line/what`: `exit`, `stdout`, `stderr`, `files`, `order` (of the requests that both made), and for
each request `POST /containers/create/…` with the way into its query, headers or body. A request that one of them alone
made is a difference at the request itself.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from golden.compare import Found, differences

_OWN_NAME = re.compile(r"(?<![-\[])\bdocker(?=[: ]| daemon)(?! endpoint)")


def told_apart(place: str, docker: Mapping[str, Any], pier: Mapping[str, Any]) -> Iterator[Found]:
    """Every difference at one line. Where docker calls itself by its name, Pier is to say its own."""
    if docker["exit"] != pier["exit"]:
        yield Found(f"{place}/exit", str(docker["exit"]), str(pier["exit"]))
    for output in ("stdout", "stderr"):
        wanted = _OWN_NAME.sub("pier", docker[output])
        if wanted != pier[output]:
            yield Found(f"{place}/{output}", repr(wanted), repr(pier[output]))
    yield from differences(f"{place}/files", docker["files"], pier["files"])
    yield from _requests(place, docker["requests"], pier["requests"])


def _requests(place: str, docker: list[Any], pier: list[Any]) -> Iterator[Found]:
    theirs, ours = _by_request(docker), _by_request(pier)
    for request in sorted(theirs.keys() | ours.keys()):
        wanted, made = theirs.get(request, []), ours.get(request, [])
        if len(wanted) != len(made):
            yield Found(f"{place}/{request}", f"made {len(wanted)} times", f"{len(made)} times")
        for one, other in zip(wanted, made, strict=False):
            yield from differences(f"{place}/{request}", one, other)
    orders = [[request for request in theirs if request in ours], [request for request in ours if request in theirs]]
    if orders[0] != orders[1]:
        yield Found(f"{place}/order", str(orders[0]), str(orders[1]))


def _by_request(requests: list[Any]) -> dict[str, list[Any]]:
    """The requests by their names, in the order in which each came first."""
    found: dict[str, list[Any]] = {}
    for one in requests:
        found.setdefault(one["request"], []).append(one)
    return found
