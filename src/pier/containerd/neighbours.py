"""Other namespaces of the same containerd: their images are used where the configuration says so, ours shared there."""

from dataclasses import dataclass

from pier_grpc import namespaces_pb2 as pb

from pier.containerd.client import Client, Method
from pier.containerd.content import Content
from pier.containerd.images import ImageRecords
from pier.containerd.leases import Leases

_LIST = Method(
    "/containerd.services.namespaces.v1.Namespaces/List", pb.ListNamespacesRequest, pb.ListNamespacesResponse
)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One namespace: its blobs, its names, and leases in it."""

    client: Client
    content: Content
    records: ImageRecords
    leases: Leases

    async def exists(self) -> bool:
        """containerd knows a namespace from the first thing that was made in it."""
        reply = await self.client.call(_LIST, pb.ListNamespacesRequest(), what="list namespaces")
        return any(namespace.name == self.client.namespace for namespace in reply.namespaces)


class Neighbours:
    """Connects to a namespace when it is first asked for."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._known: dict[str, Neighbour] = {}

    def get(self, namespace: str) -> Neighbour:
        if namespace not in self._known:
            client = Client(self._address, namespace)
            self._known[namespace] = Neighbour(client, Content(client), ImageRecords(client), Leases(client))
        return self._known[namespace]

    async def close(self) -> None:
        """Ends all connections."""
        while self._known:
            _, neighbour = self._known.popitem()
            await neighbour.client.close()
