"""`pier system prune`: the prunes of all nouns, in the order in which one frees what the next may take."""

from pier.cli.errors import CliError
from pier.cli.filters import PRUNE_FILTER, encode_filters
from pier.cli.flags import Command, Flag, Values
from pier.cli.prune import Pruned, confirm, delete_containers, delete_images, delete_networks, delete_volumes, total
from pier.cli.prune import listed as listed_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session
    from pier.client.query import Query


def prune(session: "Session", values: Values, _: list[str]) -> int:
    """Remove stopped containers, unused networks, dangling images and the build cache, as the flags say."""
    filters, every, volumes = values.items("filter"), values.flag("all"), values.flag("volumes")
    if volumes and any(item.partition("=")[0].strip() == "until" for item in filters):
        raise CliError('ERROR: The "until" filter is not supported with "--volumes"')
    if not values.flag("force") and not confirm(session, warning(filters, every=every, volumes=volumes)):
        return 0
    done = [delete_containers(session, filters), delete_networks(session, filters)]
    if volumes:
        done.append(delete_volumes(session, filters))
    done.append(delete_images(session, filters, every=every))
    done.append(_delete_caches(session, filters, every=every))
    session.out("".join(pruned.text for pruned in done) + total(sum(pruned.freed for pruned in done)))
    return 0


def _delete_caches(session: "Session", filters: "list[str]", *, every: bool) -> Pruned:
    query: Query = {"all": every, "filters": encode_filters(filters)}
    answer = session.client.post("/build/prune", query)
    return Pruned(listed_names("Deleted build cache objects", answer.get("CachesDeleted")), answer)


def warning(filters: "list[str]", *, every: bool, volumes: bool) -> str:
    """What is about to go."""
    goes = ["all stopped containers", "all networks not used by at least one container"]
    if volumes:
        goes.append("all anonymous volumes not used by at least one container")
    goes.append("all images without at least one container associated to them" if every else "all dangling images")
    goes.append("all build cache" if every else "unused build cache")
    text = "WARNING! This will remove:\n" + "".join(f"  - {what}\n" for what in goes)
    if filters:
        text += "\n  Items to be pruned will be filtered with:\n" + "".join(f"  - {item}\n" for item in sorted(filters))
    return text


PRUNE = Command(
    "system prune",
    "[OPTIONS]",
    "Remove all that nothing uses",
    (
        Flag("all", "a", help="Remove all images that no container uses, not only untagged ones"),
        PRUNE_FILTER,
        Flag("force", "f", help="Do not ask"),
        Flag("volumes", help="Remove anonymous volumes too"),
    ),
    prune,
    most=0,
)
