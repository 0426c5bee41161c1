"""containerd's image service: names that point to a manifest or an index."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask
from pier_grpc import images_pb2 as pb

from pier.containerd.changes import ImageChanges
from pier.containerd.client import BULK_TIMEOUT, Client, Method
from pier.containerd.messages import descriptor_message, descriptor_of, nanoseconds
from pier.domain.errors import Conflict
from pier.domain.image import ImageRecord

_SERVICE = "/containerd.services.images.v1.Images/"
_GET = Method(_SERVICE + "Get", pb.GetImageRequest, pb.GetImageResponse)
_LIST = Method(_SERVICE + "List", pb.ListImagesRequest, pb.ListImagesResponse)
_CREATE = Method(_SERVICE + "Create", pb.CreateImageRequest, pb.CreateImageResponse)
_UPDATE = Method(_SERVICE + "Update", pb.UpdateImageRequest, pb.UpdateImageResponse)
_DELETE = Method(_SERVICE + "Delete", pb.DeleteImageRequest, Empty)

_REPLACED = FieldMask(paths=["target", "labels"])


class ImageRecords:
    """The names in our namespace. A record keeps from garbage collection what its target's labels refer to.

    With `changes`, which RuntimeEvents feeds, a list that cannot have changed is not asked for again.
    """

    def __init__(self, client: Client, changes: ImageChanges | None = None) -> None:
        self._client = client
        self._changes = changes or ImageChanges()
        self._listed: tuple[int, list[ImageRecord]] | None = None

    async def get(self, name: str) -> ImageRecord:
        """Raises NotFound."""
        reply = await self._client.call(_GET, pb.GetImageRequest(name=name), what=f"look up image {name}")
        return _record(reply.image)

    async def put(self, record: ImageRecord) -> None:
        """Creates the name or moves it; labels are replaced. containerd sets the times."""
        image = pb.Image(name=record.name, labels=record.labels, target=descriptor_message(record.target))
        what = f"name image {record.name}"
        with self._changing():
            try:
                await self._client.call(_CREATE, pb.CreateImageRequest(image=image), what=what)
            except Conflict:
                update = pb.UpdateImageRequest(image=image, update_mask=_REPLACED)
                await self._client.call(_UPDATE, update, what=what)

    async def delete(self, name: str, *, collect: bool = False) -> None:
        """Raises NotFound. `collect` waits for a garbage collection, which frees what nothing refers to any more."""
        request = pb.DeleteImageRequest(name=name, sync=collect)
        with self._changing():
            await self._client.call(_DELETE, request, what=f"delete image {name}", timeout=BULK_TIMEOUT)

    async def list(self) -> Sequence[ImageRecord]:
        """The same object as last time if no record has changed since."""
        number = self._changes.number
        if self._listed is not None and self._listed[0] == number:
            return self._listed[1]
        reply = await self._client.call(_LIST, pb.ListImagesRequest(), what="list images")
        records = [_record(image) for image in reply.images]
        self._listed = None if number is None else (number, records)
        return records

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Neither a list asked for meanwhile may be kept, nor one from before, whatever the call comes to."""
        self._changes.note()
        try:
            yield
        finally:
            self._changes.note()


def _record(image: pb.Image) -> ImageRecord:
    return ImageRecord(
        name=image.name,
        target=descriptor_of(image.target),
        labels=dict(image.labels),
        created_at=nanoseconds(image.created_at),
        updated_at=nanoseconds(image.updated_at),
    )
