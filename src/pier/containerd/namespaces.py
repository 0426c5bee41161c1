"""containerd's namespaces: ours must be there before anything is made in it."""

from pier_grpc import namespaces_pb2 as pb

from pier.containerd.client import Client, Method
from pier.domain.errors import Conflict

_CREATE = Method(
    "/containerd.services.namespaces.v1.Namespaces/Create", pb.CreateNamespaceRequest, pb.CreateNamespaceResponse
)


class Namespaces:
    """The client's own namespace."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def ensure(self) -> None:
        """Creates the client's namespace unless it is there."""
        name = self._client.namespace
        request = pb.CreateNamespaceRequest(namespace=pb.Namespace(name=name))
        try:
            await self._client.call(_CREATE, request, what=f"create namespace {name}")
        except Conflict:
            return
