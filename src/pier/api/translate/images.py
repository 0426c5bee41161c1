"""Images: inspect, list, history, removal; and the lines of progress of pull and load."""

from collections.abc import Mapping, Sequence

from pier.api.translate.create import load_platform
from pier.api.translate.process import describe_config, describe_image_config, listed, mapped
from pier.api.versions import Change, since
from pier.domain import reference
from pier.domain.container import Config
from pier.domain.errors import InvalidArgument
from pier.domain.image import Image, Platform
from pier.domain.registry import Progress
from pier.engine.images.history import HistoryRow
from pier.engine.images.importing import ImportRequest
from pier.wire import image as wire
from pier.wire.inspect import GraphDriver
from pier.wire.progress import ProgressDetail, ProgressLine, bar
from pier.wire.shape import UNSET, decode
from pier.wire.times import rfc3339

_SECOND = 1_000_000_000
_NO_CONTAINER = describe_config(Config())
_NO_CONTAINER.labels = None


def describe_image(image: Image, driver: str, version: int) -> wire.ImageInspect:
    trimmed = since(version, Change.IMAGE_CONFIG_TRIMMED)
    has_container = not since(version, Change.NO_CONTAINER_CONFIG)
    return wire.ImageInspect(
        id=image.id,
        repo_tags=list(image.repo_tags),
        repo_digests=list(image.repo_digests),
        parent=image.parent,
        comment=image.comment,
        created=rfc3339(image.created_at),
        container_config=_NO_CONTAINER if has_container else UNSET,
        docker_version=image.docker_version,
        author=image.author,
        config=describe_image_config(image.config) if trimmed else describe_config(image.config),
        architecture=image.platform.architecture,
        variant=image.platform.variant or UNSET,
        os=image.platform.os,
        os_version=image.platform.os_version or UNSET,
        size=image.size,
        virtual_size=UNSET if since(version, Change.NO_VIRTUAL_SIZE) else image.size,
        graph_driver=GraphDriver(data=None, name=driver),
        root_fs=wire.RootFS(type="layers", layers=list(image.diff_ids) or UNSET),
        metadata=wire.Metadata(last_tag_time=rfc3339(image.last_tagged_at)),
    )


def describe_image_usage(image: Image, *, containers: int, version: int, shared: int) -> wire.ImageSummary:
    """An image in /system/df, where dockerd has null for no digests in each version of the API."""
    found = describe_image_summary(image, containers=containers, version=version, shared=shared)
    found.repo_digests = found.repo_digests or None
    return found


def describe_image_summary(image: Image, *, containers: int, version: int, shared: int = -1) -> wire.ImageSummary:
    """`containers` is how many use the image, `shared` the bytes other images have too; -1: not counted."""
    tags: list[str] | None = list(image.repo_tags)
    digests: list[str] | None = list(image.repo_digests)
    if not since(version, Change.NO_NONE_TAGS):
        if not tags and not digests:
            tags, digests = ["<none>:<none>"], ["<none>@<none>"]
        tags, digests = tags or None, digests or None
    return wire.ImageSummary(
        containers=containers,
        created=image.created_at // _SECOND,
        id=image.id,
        labels=mapped(image.config.labels),
        parent_id=image.parent,
        repo_digests=digests,
        repo_tags=tags,
        shared_size=shared,
        size=image.size,
        virtual_size=UNSET if since(version, Change.NO_VIRTUAL_SIZE) else image.size,
    )


def describe_history(row: HistoryRow) -> wire.HistoryItem:
    return wire.HistoryItem(
        comment=row.comment,
        created=row.created_at // _SECOND,
        created_by=row.created_by,
        id=row.id,
        size=row.size,
        tags=listed(row.tags),
    )


def describe_deletions(removed: Sequence[tuple[str, str]]) -> list[wire.ImageDeletion]:
    """From pairs of "Untagged" or "Deleted" and a name or id."""
    return [
        wire.ImageDeletion(untagged=name) if what == "Untagged" else wire.ImageDeletion(deleted=name)
        for what, name in removed
    ]


def describe_progress(progress: Progress) -> ProgressLine:
    if progress.stream:
        return ProgressLine(stream=progress.stream)
    line = ProgressLine(status=progress.status, id=progress.id or UNSET)
    if progress.aux is not None:
        line = ProgressLine(progress_detail=ProgressDetail(), aux=progress.aux)
    elif progress.current or progress.total:
        line.progress_detail = ProgressDetail(current=progress.current, total=progress.total)
        line.progress = bar(progress.current, progress.total)
    elif progress.id:
        line.progress_detail = ProgressDetail()
    return line


def load_import(query: Mapping[str, list[str]]) -> ImportRequest:
    """Raises InvalidArgument for a bad name or platform."""

    def text(key: str) -> str:
        return query.get(key, [""])[0]

    source = text("fromSrc")
    name = reference.parse_new_name(text("repo"), text("tag")) if text("repo") else None
    return ImportRequest(
        source="" if source == "-" else source,
        name=name,
        message=text("message"),
        changes=tuple(line for given in query.get("changes", ()) for line in given.splitlines()),
        platform=load_platform(text("platform")),
    )


def load_platform_json(text: str) -> Platform | None:
    """`{"os":"linux","architecture":"arm64"}`; None for none. Raises InvalidArgument."""
    if not text:
        return None
    try:
        given = decode(text, wire.PlatformJson)
    except ValueError as error:
        raise InvalidArgument(f"failed to parse platform: {text!r}: {error}") from error
    if not given.architecture:
        raise InvalidArgument(f"invalid platform {text!r}: both OS and Architecture must be provided")
    return Platform(
        os=given.os or "linux", architecture=given.architecture, variant=given.variant, os_version=given.os_version
    )
