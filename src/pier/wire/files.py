"""Files of containers: the header of the archive routes, and what has changed."""

from pier.wire.shape import Shape

PATH_STAT_HEADER = "X-Docker-Container-Path-Stat"  # base64 of a PathStat as JSON


class PathStat(Shape, kw_only=True, rename="camel"):
    """`mode` has Go's bits (io/fs.FileMode), `mtime` is RFC 3339."""

    name: str
    size: int
    mode: int
    mtime: str
    link_target: str


class FileChange(Shape, kw_only=True):
    """`kind`: 0 modified, 1 added, 2 deleted."""

    path: str
    kind: int
