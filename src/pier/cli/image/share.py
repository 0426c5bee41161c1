"""`pier image share` and `pier image unshare`: one store with the other clients of containerd."""

from pier.cli.flags import STRING, Command, Flag, Values
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session


def share(session: "Session", values: Values, names: "list[str]") -> int:
    """Make images known in another namespace, as k8s.io, which Kubernetes uses."""
    return _each(session, values, names, "share")


def unshare(session: "Session", values: Values, names: "list[str]") -> int:
    """Take images back from another namespace."""
    return _each(session, values, names, "unshare")


def _each(session: "Session", values: Values, names: "list[str]", verb: str) -> int:
    for name in names:
        session.client.post(f"/images/{quote_path(name)}/{verb}", {"namespace": values.text("namespace")})
        session.out(f"{name}\n")
    return 0


_NAMESPACE = Flag("namespace", "n", STRING, "Namespace of containerd", default="k8s.io")
SHARE = Command(
    "image share",
    "[OPTIONS] IMAGE [IMAGE...]",
    "Make an image known in another namespace of containerd",
    (_NAMESPACE,),
    share,
    least=1,
    completer="images",
)
UNSHARE = Command(
    "image unshare",
    "[OPTIONS] IMAGE [IMAGE...]",
    "Take an image back from another namespace of containerd",
    (_NAMESPACE,),
    unshare,
    least=1,
    completer="images",
)
