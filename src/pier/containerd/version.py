"""Facts about the containerd at the other end."""

from google.protobuf.empty_pb2 import Empty
from pier_grpc import version_pb2

from pier.containerd.client import Client, Method
from pier.containerd.namespaces import Namespaces

_VERSION = Method("/containerd.services.version.v1.Version/Version", Empty, version_pb2.VersionResponse)
_HEALTH_TIMEOUT = 5.0


class Version:
    """What containerd is and can do."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def version(self) -> tuple[str, str]:
        """(version, revision). Raises Unavailable, soon, when containerd does not answer: a check of its health."""
        reply = await self._client.call(_VERSION, Empty(), what="ask for the version", timeout=_HEALTH_TIMEOUT)
        return reply.version, reply.revision

    async def prepare(self) -> None:
        """Makes the client's namespace unless it is there."""
        await Namespaces(self._client).ensure()
