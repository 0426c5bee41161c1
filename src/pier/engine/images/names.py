"""Names of image records in containerd, and back (one record for each `repo:tag` and each `repo@digest`)."""

from pier.domain.errors import InvalidArgument
from pier.domain.reference import Reference, parse

# `.invalid` is reserved (RFC 2606): no registry can have this name, so no user can pull over it.
_UNTAGGED = "pier.invalid/untagged@"


def untagged_name(image_id: str) -> str:
    """The record that keeps an image without a name from garbage collection."""
    return _UNTAGGED + image_id


def is_untagged(name: str) -> bool:
    return name.startswith(_UNTAGGED)


def user_reference(name: str) -> Reference | None:
    """A record's name as a reference; None for the untagged one and for what other clients of containerd name freely
    (CRI keeps a record named `sha256:<config digest>`).
    """
    if is_untagged(name) or name.startswith("sha256:"):
        return None
    try:
        reference = parse(name, default_tag="")
    except InvalidArgument:
        return None
    return reference if reference.canonical == name and (reference.tag or reference.digest) else None
