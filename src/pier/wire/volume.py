"""Volumes: requests and replies."""

from pier.wire.shape import UNSET, Omitted, Shape


class UsageData(Shape, kw_only=True):
    """`size` -1: not computed."""

    ref_count: int
    size: int


class Volume(Shape, kw_only=True):
    created_at: str
    driver: str
    labels: dict[str, str] | None
    mountpoint: str
    name: str
    options: dict[str, str] | None
    scope: str
    status: Omitted[dict[str, object]] = UNSET
    usage_data: Omitted[UsageData] = UNSET


class VolumeList(Shape, kw_only=True):
    volumes: list[Volume]
    warnings: list[str] | None = None


class VolumeCreate(Shape, kw_only=True):
    name: str | None = None
    driver: str | None = None
    driver_opts: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    cluster_volume_spec: dict[str, object] | None = None


class VolumeClone(Shape, kw_only=True):
    """Pier's own: a copy of a volume, perhaps as a snapshot."""

    name: str | None = None
    snapshot: bool | None = None


class VolumesPruneReply(Shape, kw_only=True):
    volumes_deleted: list[str] | None
    space_reclaimed: int
