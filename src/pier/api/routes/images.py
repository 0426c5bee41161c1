"""`/images`: pull, load, save, list, inspect, tag, remove."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from pier.api.call import Call, json_reply
from pier.api.errors import JSON, message_of
from pier.api.http.messages import Answer, Begun, Reply, StreamReply, closing
from pier.api.router import Route
from pier.api.routes.registries import auth_of
from pier.api.translate.create import load_platform
from pier.api.translate.images import (
    describe_deletions,
    describe_history,
    describe_image,
    describe_image_summary,
    describe_progress,
    load_import,
    load_platform_json,
)
from pier.api.translate.manifests import describe_variants
from pier.api.versions import Change, since
from pier.domain import reference
from pier.domain.errors import InvalidArgument, NotFound, PermissionDenied
from pier.domain.registry import Progress
from pier.wire.image import ImagesPruneReply, ImageSummary, ManifestSummary
from pier.wire.progress import error_line, progress_bytes

_TAR = ("Content-Type", "application/x-tar")


async def list_images(call: Call) -> Answer:
    filters = call.filters()
    images = await call.engine.images.list(all=call.flag("all"), filters=filters)
    users: Counter[str] | None = None
    if since(call.version, Change.LIST_COUNTS_CONTAINERS):
        users = Counter(found.container.image_id for found in await call.engine.containers.list(all=True))
    shared: dict[str, int] = {}
    if call.flag("shared-size"):
        shared = {item.image.id: item.shared for item in (await call.engine.images.disk_usage()).images}
    summaries = [
        describe_image_summary(
            image,
            containers=users[image.id] if users is not None else -1,
            version=call.version,
            shared=shared.get(image.id, -1),
        )
        for image in images
    ]
    if call.flag("manifests") and since(call.version, Change.LIST_MANIFESTS):
        summaries = [summary for summary in summaries if await _add_manifests(call, summary)]
    return json_reply(summaries)


async def _add_manifests(call: Call, summary: ImageSummary) -> bool:
    """False for an image that was removed since it was listed."""
    try:
        summary.manifests = await _manifests(call, summary.id)
    except NotFound:
        return False
    return True


async def _manifests(call: Call, ref: str) -> list[ManifestSummary]:
    return describe_variants(await call.engine.images.variants(ref), call.engine.images.users)


async def inspect(call: Call) -> Answer:
    platform = load_platform_json(call.text("platform"))
    manifests = call.flag("manifests") and since(call.version, Change.INSPECT_MANIFESTS)
    if platform is not None and manifests:
        raise InvalidArgument("conflicting options: manifests and platform options cannot both be specified")
    images = call.engine.images
    image = await (images.get(call.ref) if platform is None else images.get_for(call.ref, platform))
    described = describe_image(image, (await call.engine.system.info()).driver, call.version)
    if manifests:
        described.manifests = await _manifests(call, call.ref)
    return json_reply(described)


async def history(call: Call) -> Answer:
    rows = await call.engine.images.history(call.ref, platform=load_platform_json(call.text("platform")))
    return json_reply([describe_history(row) for row in rows])


async def create(call: Call) -> Answer:
    """A pull or an import: what fails before the first line of progress has a status, later it is the last line."""
    if call.text("fromSrc"):
        lines = call.engine.images.import_(load_import(call.request.query), call.request.stream())
        return await _begun(lines, call.request.raw_path)
    source = call.text("fromImage")
    if not source:
        raise InvalidArgument("nothing to pull: the query has no fromImage")
    wanted = reference.parse(source, default_tag="")
    if tag := call.text("tag"):
        wanted = wanted.with_digest(tag) if ":" in tag else wanted.with_tag(tag)
    if wanted.familiar_repository == "scratch":
        raise PermissionDenied("'scratch' is a reserved name")
    lines = call.engine.images.pull(
        wanted.repository,
        wanted.digest or wanted.tag,
        platform=load_platform(call.text("platform")),
        auth=auth_of(call),
    )
    return await _begun(lines, call.request.raw_path)


async def _begun(lines: AsyncGenerator[Progress, None], doing: str) -> Answer:
    """Raises what fails before the first line."""
    first = await anext(lines, None)
    return StreamReply(headers=(JSON,), chunks=Begun(_progress_chunks(first, lines, doing), lines))


async def push(call: Call) -> Answer:
    """Always a stream, whose last line says what failed, as dockerd's."""
    wanted = reference.parse(call.ref, default_tag="")
    if tag := call.text("tag"):
        wanted = wanted.with_tag(tag)
    if wanted.digest:
        raise InvalidArgument("cannot push a digest reference")
    lines = call.engine.images.push(wanted, platform=load_platform_json(call.text("platform")), auth=auth_of(call))
    return StreamReply(headers=(JSON,), chunks=_progress_chunks(None, lines, call.request.raw_path))


async def load(call: Call) -> Answer:
    """Fails in the lines of the body only, as dockerd.

    Who wants no progress may go once the headers are there, without a look at the body: all is loaded by then.
    """
    platform = load_platform_json(call.text("platform"))
    quiet = call.flag("quiet", default=True)
    lines = call.engine.images.load(call.request.stream(), platform=platform, quiet=quiet)
    chunks = _progress_chunks(None, lines, call.request.raw_path)
    if not quiet:
        return StreamReply(headers=(JSON,), chunks=chunks)
    told = [chunk async for chunk in chunks]
    return StreamReply(headers=(JSON,), chunks=_again(told))  # docker-py takes a body that is not chunked for one value


async def _again(chunks: Sequence[bytes]) -> AsyncGenerator[bytes, None]:
    for chunk in chunks:
        yield chunk


async def _progress_chunks(
    first: Progress | None, lines: AsyncIterator[Progress], doing: str
) -> AsyncGenerator[bytes, None]:
    async with closing(lines):
        if first is not None:
            yield progress_bytes(describe_progress(first))
        try:
            async for line in lines:
                yield progress_bytes(describe_progress(line))
        except Exception as error:
            yield progress_bytes(error_line(message_of(error, doing)))


async def save(call: Call) -> Answer:
    return await _save(call, call.texts("names"))


async def save_one(call: Call) -> Answer:
    return await _save(call, [call.ref])


async def _save(call: Call, names: list[str]) -> Answer:
    wanted = [name for given in names for name in given.split(",") if name]
    if not wanted:
        raise InvalidArgument("nothing to save: the query has no names")
    archive = call.engine.images.save(wanted, platform=load_platform_json(call.text("platform")))
    first = await anext(archive, b"")

    async def chunks() -> AsyncGenerator[bytes, None]:
        yield first
        async for chunk in archive:
            yield chunk

    return StreamReply(headers=(_TAR,), chunks=Begun(chunks(), archive))


async def tag(call: Call) -> Answer:
    await call.engine.images.tag(call.ref, call.text("repo"), call.text("tag"))
    return Reply(status=201)


async def share(call: Call) -> Answer:
    await call.engine.images.share(call.ref, _namespace(call))
    return Reply(status=204)


async def unshare(call: Call) -> Answer:
    await call.engine.images.unshare(call.ref, _namespace(call))
    return Reply(status=204)


def _namespace(call: Call) -> str:
    namespace = call.text("namespace")
    if not namespace:
        raise InvalidArgument("the query has no namespace")
    return namespace


async def remove(call: Call) -> Answer:
    """Raises InvalidArgument for a name of spaces, in dockerd's words."""
    if not call.ref.strip():
        raise InvalidArgument("image name cannot be blank")
    platforms = [load_platform_json(text) for text in call.texts("platforms")]
    removed = await call.engine.images.remove(
        call.ref,
        force=call.flag("force"),
        prune_parents=not call.flag("noprune"),
        platforms=[platform for platform in platforms if platform is not None],
    )
    return json_reply(describe_deletions(removed))


async def prune(call: Call) -> Answer:
    removed, reclaimed = await call.engine.images.prune(call.filters())
    return json_reply(ImagesPruneReply(images_deleted=describe_deletions(removed) or None, space_reclaimed=reclaimed))


ROUTES = (
    Route("GET", "/images/json", list_images),
    Route("POST", "/images/create", create),
    Route("GET", "/images/{name...}/json", inspect),
    Route("GET", "/images/{name...}/history", history),
    Route("POST", "/images/{name...}/push", push),
    Route("POST", "/images/{name...}/tag", tag),
    Route("DELETE", "/images/{name...}", remove, to_end=True),
    Route("POST", "/images/prune", prune, to_end=True),
    Route("GET", "/images/get", save),
    Route("GET", "/images/{name...}/get", save_one),
    Route("POST", "/images/load", load),
    Route("POST", "/images/{name...}/share", share, note="Pier's own: `namespace` of containerd"),
    Route("POST", "/images/{name...}/unshare", unshare, note="Pier's own: `namespace` of containerd"),
)
