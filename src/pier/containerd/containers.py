"""containerd's container service: metadata that roots a snapshot and carries the OCI spec."""

from google.protobuf.empty_pb2 import Empty
from pier_grpc import containers_pb2 as pb

from pier.containerd.client import Client, Method
from pier.containerd.errors import translated
from pier.containerd.messages import SPEC, json_any, runc_options
from pier.domain.runtime import ContainerObject

_SERVICE = "/containerd.services.containers.v1.Containers/"
_CREATE = Method(_SERVICE + "Create", pb.CreateContainerRequest, pb.CreateContainerResponse)
_DELETE = Method(_SERVICE + "Delete", pb.DeleteContainerRequest, Empty)
_LIST = Method(_SERVICE + "ListStream", pb.ListContainersRequest, pb.ListContainerMessage)


class ContainerObjects:
    """Creates, deletes and lists the objects; their tasks and snapshots have services of their own."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def create(self, container: ContainerObject) -> None:
        """Raises Conflict where the id is taken."""
        message = pb.Container(
            id=container.id,
            labels=container.labels,
            image=container.image,
            runtime=pb.Container.Runtime(name=container.runtime.name, options=runc_options(container.runtime)),
            spec=json_any(SPEC, container.spec),
            snapshotter=container.snapshotter,
            snapshot_key=container.snapshot_key,
        )
        what = f"create containerd's object of container {container.id}"
        await self._client.call(_CREATE, pb.CreateContainerRequest(container=message), what=what)

    async def delete(self, container_id: str) -> None:
        """Raises NotFound; its snapshot stays, but is open to garbage collection."""
        what = f"delete containerd's object of container {container_id}"
        await self._client.call(_DELETE, pb.DeleteContainerRequest(id=container_id), what=what)

    async def list_ids(self) -> list[str]:
        """Streamed, as a thousand specs do not fit into one message."""
        with translated("list containers", socket=self._client.address):
            call = self._client.stream(_LIST, pb.ListContainersRequest())
            return [message.container.id async for message in call]
