"""What the shell may offer after a flag or a verb: names that the engine knows; nothing when it is away."""

from collections.abc import Callable
from typing import Any

from pier.cli.errors import CliError
from pier.cli.session import Session
from pier.client.errors import ClientError

_STATUS = {"running": "running", "paused": "paused", "stopped": "exited"}


def offers(kind: str) -> Callable[[str], list[str]]:
    """A completer for one kind: containers, running, stopped, paused, images, networks, volumes, objects, contexts."""

    def complete(incomplete: str) -> list[str]:
        try:
            names = _names(Session(), kind)
        except (CliError, ClientError, ValueError, KeyError):
            return []
        return [name for name in names if name.startswith(incomplete)]

    return complete


def _names(session: Session, kind: str) -> list[str]:
    if kind == "images":
        return _images(session)
    if kind == "contexts":
        return ["default", *session.contexts.names()]
    if kind == "networks":
        return [item["Name"] for item in session.client.get("/networks")]
    if kind == "volumes":
        return [item["Name"] for item in session.client.get("/volumes").get("Volumes") or ()]
    if kind == "objects":
        return [name for other in ("containers", "images", "networks", "volumes") for name in _names(session, other)]
    items: list[dict[str, Any]] = session.client.get("/containers/json", {"all": kind != "running"})
    wanted = _STATUS.get(kind)
    return [
        item["Names"][0].removeprefix("/")
        for item in items
        if item.get("Names") and (wanted is None or item.get("State") == wanted)
    ]


def _images(session: Session) -> list[str]:
    names = (tag for item in session.client.get("/images/json") for tag in item.get("RepoTags") or ())
    return [name.removesuffix(":latest") for name in names if not name.startswith("<none>")]
