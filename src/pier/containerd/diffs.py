"""containerd's diff service: layers unpacked onto snapshots, and made from them."""

from collections.abc import Sequence

from pier_grpc import diff_pb2 as pb

from pier.containerd.client import BULK_TIMEOUT, Client, Method
from pier.containerd.content import Content
from pier.containerd.messages import descriptor_message, descriptor_of, mount_messages
from pier.domain.image import Descriptor
from pier.domain.mount import FilesystemMount

_SERVICE = "/containerd.services.diff.v1.Diff/"
_APPLY = Method(_SERVICE + "Apply", pb.ApplyRequest, pb.ApplyResponse)
_DIFF = Method(_SERVICE + "Diff", pb.DiffRequest, pb.DiffResponse)

_UNCOMPRESSED_LABEL = "containerd.io/uncompressed"


class Diffs:
    """Both directions run inside containerd and may take as long as the layer is large."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._content = Content(client)

    async def apply(self, layer: Descriptor, mounts: Sequence[FilesystemMount]) -> Descriptor:
        """Unpacks a tar, plain or compressed by its media type. The reply's digest and size are of the tar."""
        request = pb.ApplyRequest(diff=descriptor_message(layer), mounts=mount_messages(mounts))
        reply = await self._client.call(_APPLY, request, what=f"unpack layer {layer.digest}", timeout=BULK_TIMEOUT)
        return descriptor_of(reply.applied)

    async def compare(
        self, lower: Sequence[FilesystemMount], upper: Sequence[FilesystemMount], *, media_type: str, ref: str
    ) -> Descriptor:
        """Stores what `upper` changed against `lower` as a layer whose label tells the diff id; `ref`: the ingest."""
        request = pb.DiffRequest(
            left=mount_messages(lower), right=mount_messages(upper), media_type=media_type, ref=ref
        )
        reply = await self._client.call(_DIFF, request, what=f"make layer {ref}", timeout=BULK_TIMEOUT)
        made = descriptor_of(reply.diff)
        if not made.media_type.endswith(("gzip", "zstd")):
            # containerd labels compressed layers only; what is not compressed is its own diff id.
            await self._content.set_labels(made.digest, {_UNCOMPRESSED_LABEL: made.digest})
        return made
