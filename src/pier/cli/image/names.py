"""`pier image rm`, `pier rmi`, and `pier image tag`."""

from pier.cli.errors import CliError
from pier.cli.flags import CSV, Command, Flag, Values
from pier.cli.image.reference import parse_reference
from pier.cli.inspect import encode_platform
from pier.client.errors import ApiError
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session
    from pier.client.query import Query


def remove(session: "Session", values: Values, names: list[str]) -> int:
    """Remove names, and images that have no name left."""
    query: Query = {
        "force": values.flag("force"),
        "noprune": values.flag("no-prune"),
        "platforms": [encode_platform(text) for text in values.items("platform")],
    }
    code = 0
    for name in names:
        try:
            answer = session.client.delete(f"/images/{quote_path(name)}", query)
        except ApiError as error:
            session.err(f"Error response from daemon: {error}\n")
            if not (values.flag("force") and error.status == 404):
                code = 1
            continue
        for change in answer or ():
            for key in ("Deleted", "Untagged"):
                if change.get(key):
                    session.out(f"{key}: {change[key]}\n")
    return code


def tag(session: "Session", _: Values, names: list[str]) -> int:
    """Give an image another name."""
    try:
        target = parse_reference(names[1])
    except CliError as error:
        raise CliError(f'Error parsing reference: "{names[1]}" is not a valid repository/tag: {error}') from None
    if target.digest:
        raise CliError("refusing to create a tag with a digest reference")
    query: Query = {"repo": target.repository, "tag": target.selector}
    session.client.post(f"/images/{quote_path(names[0])}/tag", query)
    return 0


RM = Command(
    "image rm",
    "[OPTIONS] IMAGE [IMAGE...]",
    "Remove images",
    (
        Flag("force", "f", help="Remove images that stopped containers use, and all names of an id"),
        Flag("no-prune", help="Keep parents that have no name"),
        Flag("platform", "", CSV, "Remove only this platform of the image (os/arch[/variant])"),
    ),
    remove,
    least=1,
    completer="images",
)
TAG = Command(
    "image tag",
    "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
    "Give an image another name",
    (),
    tag,
    least=2,
    most=2,
    completer="images",
)
