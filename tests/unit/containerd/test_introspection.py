"""Plugins as containerd tells of them."""

from typing import Any

from pier_grpc import introspection_pb2 as pb

from pier.containerd.introspection import loaded_plugins


class Introspection:
    async def call(self, method: object, request: pb.PluginsRequest, *, what: str) -> pb.PluginsResponse:
        assert list(request.filters) == ["type==io.containerd.snapshotter.v1"]
        failed = pb.Plugin(id="zfs", init_err=pb.InitError(message="no zfs"))
        return pb.PluginsResponse(plugins=[pb.Plugin(id="overlayfs"), failed])


async def test_plugins_that_could_not_be_loaded_are_left_out() -> None:
    client: Any = Introspection()
    assert [plugin.id for plugin in await loaded_plugins(client, "io.containerd.snapshotter.v1")] == ["overlayfs"]
