"""Files of containers: values to wire."""

import stat

from pier.domain import archive
from pier.wire import files as wire
from pier.wire.times import rfc3339

# Go's io/fs.FileMode: its bits of kinds and permissions by those of stat(2), inode(7).
_GO_KINDS = {
    stat.S_IFDIR: 1 << 31,
    stat.S_IFLNK: 1 << 27,
    stat.S_IFBLK: 1 << 26,
    stat.S_IFCHR: 1 << 26 | 1 << 21,
    stat.S_IFIFO: 1 << 25,
    stat.S_IFSOCK: 1 << 24,
}
_GO_BITS = {stat.S_ISUID: 1 << 23, stat.S_ISGID: 1 << 22, stat.S_ISVTX: 1 << 20}


def describe_path_stat(found: archive.PathStat) -> wire.PathStat:
    return wire.PathStat(
        name=found.name,
        size=found.size,
        mode=go_file_mode(found.mode),
        mtime=rfc3339(found.modified_at),
        link_target=found.link_target,
    )


def go_file_mode(mode: int) -> int:
    """A st_mode as Go's FileMode."""
    special = sum(bit for mask, bit in _GO_BITS.items() if mode & mask)
    return (mode & 0o777) | special | _GO_KINDS.get(stat.S_IFMT(mode), 0)


def describe_change(change: archive.FileChange) -> wire.FileChange:
    return wire.FileChange(path=change.path, kind=int(change.kind))
