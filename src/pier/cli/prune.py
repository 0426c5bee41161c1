"""The prune of each noun: ask, remove, list what went and how much room it gave."""

import sys

from pier.cli.errors import CliError
from pier.cli.filters import PRUNE_FILTER, encode_filters
from pier.cli.flags import Command, Flag, Values
from pier.cli.render.units import decimal_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from pier.cli.session import Session


def confirm(session: "Session", warning: str, question: str = "Are you sure you want to continue?") -> bool:
    """Ask on stdout; only y and yes mean yes."""
    session.out(f"{warning}\n{question} [y/N] ")
    sys.stdout.flush()
    answer = sys.stdin.readline()
    return answer.strip().lower() in ("y", "yes")


class Pruned:
    """What one prune removed: its list for people ("" when nothing went) and the bytes freed."""

    def __init__(self, text: str, answer: "dict[str, Any]") -> None:
        self.text = text
        self.freed = int(answer.get("SpaceReclaimed") or 0)


def listed(heading: str, names: "list[str] | None") -> str:
    """The names below a heading, and a blank line; "" for none."""
    return f"{heading}:\n" + "".join(f"{name}\n" for name in names) + "\n" if names else ""


def total(freed: int) -> str:
    """The last line of a prune."""
    return f"Total reclaimed space: {decimal_size(freed, 4)}\n"


def delete_containers(session: "Session", filters: "Iterable[str]") -> Pruned:
    """Remove all stopped containers."""
    answer = session.client.post("/containers/prune", {"filters": encode_filters(filters)})
    return Pruned(listed("Deleted Containers", answer.get("ContainersDeleted")), answer)


def delete_images(session: "Session", filters: "Iterable[str]", *, every: bool) -> Pruned:
    """Remove dangling images, or `every` image that no container uses."""
    query = {"filters": encode_filters(filters, dangling="false" if every else "true")}
    answer = session.client.post("/images/prune", query)
    lines = [
        f"untagged: {image['Untagged']}" if image.get("Untagged") else f"deleted: {image.get('Deleted')}"
        for image in answer.get("ImagesDeleted") or ()
    ]
    return Pruned(listed("Deleted Images", lines), answer)


def delete_networks(session: "Session", filters: "Iterable[str]") -> Pruned:
    """Remove all networks that no container uses."""
    answer = session.client.post("/networks/prune", {"filters": encode_filters(filters)})
    return Pruned(listed("Deleted Networks", answer.get("NetworksDeleted")), answer)


def delete_volumes(session: "Session", filters: "Iterable[str]", *, every: bool = False) -> Pruned:
    """Remove anonymous volumes that no container uses, with `every` named ones too."""
    extra = {"all": "true"} if every else {}
    answer = session.client.post("/volumes/prune", {"filters": encode_filters(filters, **extra)})
    return Pruned(listed("Deleted Volumes", answer.get("VolumesDeleted")), answer)


def prune_containers(session: "Session", values: Values, _: list[str]) -> int:
    """Remove all stopped containers."""
    if not values.flag("force") and not confirm(session, "WARNING! This will remove all stopped containers."):
        return 0
    pruned = delete_containers(session, values.items("filter"))
    session.out(pruned.text + total(pruned.freed))
    return 0


def prune_images(session: "Session", values: Values, _: list[str]) -> int:
    """Remove dangling images, with --all every image that no container uses."""
    every = values.flag("all")
    what = "images without at least one container associated to them" if every else "dangling images"
    if not values.flag("force") and not confirm(session, f"WARNING! This will remove all {what}."):
        return 0
    pruned = delete_images(session, values.items("filter"), every=every)
    session.out(pruned.text + total(pruned.freed))
    return 0


def prune_networks(session: "Session", values: Values, _: list[str]) -> int:
    """Remove all networks that no container uses."""
    warning = "WARNING! This will remove all custom networks not used by at least one container."
    if not values.flag("force") and not confirm(session, warning):
        return 0
    session.out(delete_networks(session, values.items("filter")).text)
    return 0


def prune_volumes(session: "Session", values: Values, _: list[str]) -> int:
    """Remove anonymous volumes that no container uses, with --all named ones too."""
    every = values.flag("all")
    filters = [text for text in values.items("filter") if text.partition("=")[0].strip() == "all"]
    if every and filters:
        raise CliError(f"conflicting options: cannot specify both --all and --filter {filters[0]}")
    what = "all local volumes" if every else "anonymous local volumes"
    warning = f"WARNING! This will remove {what} not used by at least one container."
    if not values.flag("force") and not confirm(session, warning):
        return 0
    pruned = delete_volumes(session, values.items("filter"), every=every)
    session.out(pruned.text + total(pruned.freed))
    return 0


_FORCE = Flag("force", "f", help="Do not ask")
_FLAGS = (PRUNE_FILTER, _FORCE)
CONTAINER_PRUNE = Command(
    "container prune", "[OPTIONS]", "Remove all stopped containers", _FLAGS, prune_containers, most=0
)
IMAGE_PRUNE = Command(
    "image prune",
    "[OPTIONS]",
    "Remove images that nothing uses",
    (Flag("all", "a", help="Remove all images that no container uses, not only untagged ones"), *_FLAGS),
    prune_images,
    most=0,
)
NETWORK_PRUNE = Command(
    "network prune", "[OPTIONS]", "Remove all networks that nothing uses", _FLAGS, prune_networks, most=0
)
VOLUME_PRUNE = Command(
    "volume prune",
    "[OPTIONS]",
    "Remove volumes that nothing uses",
    (Flag("all", "a", help="Remove named volumes too"), *_FLAGS),
    prune_volumes,
    most=0,
)
