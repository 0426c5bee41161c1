"""`/system/df`: what takes space; and the build cache, which is always empty."""

import time
from dataclasses import replace

from pier.api.call import Call, json_reply
from pier.api.http.messages import Answer
from pier.api.router import Route
from pier.api.translate.images import describe_image_usage
from pier.api.translate.listing import describe_summary
from pier.api.translate.volumes import describe_volume
from pier.api.versions import Change, since
from pier.domain.errors import InvalidArgument
from pier.domain.filters import Filters
from pier.domain.volume import LOCAL
from pier.wire.image import ImageSummary
from pier.wire.inspect import ContainerSummary
from pier.wire.system import BuildPruneReply, DiskUsage
from pier.wire.volume import UsageData, Volume

_CACHE_FILTERS = ("until", "id", "parent", "type", "description", "inuse", "shared", "private")
_KINDS = ("container", "image", "volume", "build-cache")


async def disk_usage(call: Call) -> Answer:
    kinds = _kinds(call)
    layers_size, images = await _images(call) if "image" in kinds else (0, None)
    usage = DiskUsage(
        layers_size=layers_size,
        images=images,
        containers=await _containers(call) if "container" in kinds else None,
        volumes=await _volumes(call) if "volume" in kinds else None,
        build_cache=[] if "build-cache" in kinds else None,
    )
    return json_reply(usage)


def _kinds(call: Call) -> tuple[str, ...]:
    """What to measure; nothing asked for is all. Raises InvalidArgument."""
    asked = call.texts("type") if since(call.version, Change.DF_TYPES) else []
    for kind in asked:
        if kind not in _KINDS:
            raise InvalidArgument(f"unknown object type: {kind}")
    return tuple(asked) or _KINDS


async def _images(call: Call) -> tuple[int, list[ImageSummary]]:
    """With their blobs, so that clients who subtract what is in use from the sum come to what prune frees."""
    usage = await call.engine.images.disk_usage()
    return usage.layers_size, [
        describe_image_usage(
            replace(item.image, size=item.disk_size),
            containers=item.containers,
            version=call.version,
            shared=item.disk_shared,
        )
        for item in usage.images
    ]


async def _containers(call: Call) -> list[ContainerSummary]:
    now = time.time_ns()
    found = await call.engine.containers.list(all=True, size=True)
    return [describe_summary(summary, now, call.version) for summary in found]


async def _volumes(call: Call) -> list[Volume]:
    volumes = call.engine.volumes
    described = []
    for volume in (await volumes.list(Filters()))[0]:
        if volume.driver != LOCAL or volume.options:  # what lies elsewhere takes no disk here
            continue
        usage = UsageData(ref_count=len(volumes.users(volume.name)), size=await volumes.size(volume))
        described.append(describe_volume(volume, usage))
    return described


async def prune_builds(call: Call) -> Answer:
    """`docker system prune` calls this last: without a builder there is no cache, so that nothing is to be freed."""
    try:
        call.filters().require_known(_CACHE_FILTERS)
    except InvalidArgument as error:
        raise InvalidArgument(f"failed to prune build cache: {error.message}") from error
    return json_reply(BuildPruneReply(caches_deleted=None, space_reclaimed=0))


ROUTES = (
    Route("GET", "/system/df", disk_usage),
    Route("POST", "/build/prune", prune_builds, "partial", "there is no build cache yet"),
)
