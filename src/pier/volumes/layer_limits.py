"""Limits for the writable layers of containers (--storage-opt size=...), by project quota."""

import asyncio
import os
from collections.abc import Sequence

from pier.domain.errors import InvalidArgument, PierError
from pier.domain.mount import FilesystemMount
from pier.volumes import quota


class LayerLimits:
    """See engine.ports.LayerLimits."""

    async def limit(self, layers: Sequence[FilesystemMount], size: int) -> None:
        """Lets the writable layer of a root file system hold `size` bytes. It must be empty.

        Raises InvalidArgument, in dockerd's words first, where the file system keeps no account of projects.
        """
        directories = _writable(layers)

        def set_limit() -> None:
            if not directories or not quota.is_supported(directories[0]):
                place = directories[0] if directories else "this snapshotter"
                raise InvalidArgument(
                    "--storage-opt is supported only for overlay over xfs with 'pquota' mount option, or ext4 with "
                    f"'prjquota': there are no project quotas for {place}"
                )
            quota.limit(*directories, size=size)

        try:
            await asyncio.to_thread(set_limit)
        except OSError as error:
            raise PierError(f"set the limit of {directories[0]} to {size} bytes: {error.strerror}") from error

    async def release(self, layers: Sequence[FilesystemMount]) -> None:
        """Takes the limit away before the layer goes. One without, or gone, is no error."""

        def take_away() -> None:
            for directory in _writable(layers):
                if os.path.isdir(directory):
                    quota.release(directory)

        await asyncio.to_thread(take_away)


def _writable(layers: Sequence[FilesystemMount]) -> list[str]:
    """Where an overlay writes: what was changed, and its workshop, between which files are renamed."""
    options = dict(option.partition("=")[::2] for layer in layers for option in layer.options)
    return [options[name] for name in ("upperdir", "workdir") if options.get(name)]
