"""Volumes: replies."""

from pier.api.translate.process import mapped
from pier.domain.volume import Volume
from pier.wire import volume as wire
from pier.wire.shape import UNSET
from pier.wire.times import rfc3339

_SECOND = 1_000_000_000


def describe_volume(volume: Volume, usage: wire.UsageData | None = None) -> wire.Volume:
    """Docker gives the creation in whole seconds. `usage` is shown where disk usage is asked for."""
    return wire.Volume(
        created_at=rfc3339(volume.created_at // _SECOND * _SECOND),
        driver=volume.driver,
        labels=mapped(volume.labels),
        mountpoint=volume.mountpoint,
        name=volume.name,
        options=mapped(volume.options),
        scope=volume.scope,
        status=dict(volume.status) or UNSET,
        usage_data=UNSET if usage is None else usage,
    )
