"""containerd's content service: blobs by digest."""

from collections.abc import AsyncIterator, Mapping

from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask
from pier_grpc import content_pb2 as pb

from pier.containerd.blob_files import BlobFiles
from pier.containerd.client import BULK_TIMEOUT, Client, Method
from pier.containerd.errors import translated
from pier.containerd.ingest import Ingest
from pier.domain.errors import InvalidArgument, NotFound, PierError
from pier.domain.image import Descriptor

_SERVICE = "/containerd.services.content.v1.Content/"
_INFO = Method(_SERVICE + "Info", pb.InfoRequest, pb.InfoResponse)
_UPDATE = Method(_SERVICE + "Update", pb.UpdateRequest, pb.UpdateResponse)
_DELETE = Method(_SERVICE + "Delete", pb.DeleteContentRequest, Empty)
_LIST = Method(_SERVICE + "List", pb.ListContentRequest, pb.ListContentResponse)
_READ = Method(_SERVICE + "Read", pb.ReadContentRequest, pb.ReadContentResponse)


class Content:
    """The blobs in our namespace. What no image, lease or label refers to is removed at the next garbage collection."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._files = BlobFiles(client)

    async def size(self, digest: str) -> int | None:
        """None where there is no such blob."""
        try:
            return (await self._info(digest)).size
        except NotFound:
            return None

    async def sizes(self) -> dict[str, int]:
        """Bytes of every blob in our namespace, by digest."""
        with translated("list blobs", socket=self._client.address):
            call = self._client.stream(_LIST, pb.ListContentRequest())
            return {info.digest: info.size async for reply in call for info in reply.info}

    async def labels(self, digest: str) -> Mapping[str, str]:
        return dict((await self._info(digest)).labels)

    async def set_labels(self, digest: str, labels: Mapping[str, str]) -> None:
        """Adds or replaces these labels and no others; an empty value removes one."""
        if not labels:
            return
        request = pb.UpdateRequest(
            info=pb.Info(digest=digest, labels=labels), update_mask=FieldMask(paths=[f"labels.{key}" for key in labels])
        )
        await self._client.call(_UPDATE, request, what=f"label blob {digest}")

    async def read(self, digest: str, *, limit: int = 8 << 20) -> bytes:
        """A whole blob of at most `limit` bytes. Raises NotFound, InvalidArgument where it is larger."""
        size = (await self._info(digest)).size
        if size > limit:
            raise InvalidArgument(f"blob {digest} has {size} bytes, more than the {limit} that are read at once")
        return b"".join([chunk async for chunk in self.stream(digest)])

    async def stream(self, digest: str, *, offset: int = 0) -> AsyncIterator[bytes]:
        """The blob's bytes in order from `offset` on, in pieces of some size. Raises NotFound."""
        file = await self._files.open(digest, (await self._info(digest)).size)
        async for chunk in file.read_on(offset) if file is not None else self._read_on(digest, offset):
            yield chunk

    async def _read_on(self, digest: str, offset: int) -> AsyncIterator[bytes]:
        call = self._client.stream(_READ, pb.ReadContentRequest(digest=digest, offset=offset), timeout=BULK_TIMEOUT)
        try:
            with translated(f"read blob {digest}", socket=self._client.address):
                async for reply in call:
                    yield reply.data
        finally:
            call.cancel()

    async def write(
        self,
        ref: str,
        chunks: AsyncIterator[bytes],
        *,
        expected: str = "",
        size: int = 0,
        labels: Mapping[str, str] | None = None,
    ) -> Descriptor:
        """Stores a blob; one that is there already gets the labels and is taken as written, its bytes unread.

        Raises InvalidArgument when `expected` or `size` differ, Conflict while somebody else writes under `ref`.
        """
        async with Ingest(self._client, ref, expected=expected, size=size) as ingest:
            if not ingest.is_stored:
                try:
                    await ingest.fill(chunks)
                    await ingest.commit(labels or {})
                except PierError:
                    # Somebody else may have stored it: gRPC does not always tell why containerd has ended a stream.
                    if not expected or await self.size(expected) is None:
                        raise
                    ingest.take_as_there()
        if ingest.was_there and labels:
            await self.set_labels(ingest.digest, labels)
        written = ingest.offset if not ingest.was_there else (await self._info(ingest.digest)).size
        return Descriptor(media_type="", digest=ingest.digest, size=written)

    async def delete(self, digest: str) -> None:
        """Removes a blob at once, whatever refers to it. Raises NotFound."""
        await self._client.call(_DELETE, pb.DeleteContentRequest(digest=digest), what=f"delete blob {digest}")

    async def _info(self, digest: str) -> pb.Info:
        reply = await self._client.call(_INFO, pb.InfoRequest(digest=digest), what=f"look at blob {digest}")
        return reply.info
