"""containerd's introspection service: its plugins, what they export, and which of them it could load."""

from collections.abc import Sequence

from pier_grpc import introspection_pb2 as pb

from pier.containerd.client import Client, Method

_PLUGINS = Method("/containerd.services.introspection.v1.Introspection/Plugins", pb.PluginsRequest, pb.PluginsResponse)


async def loaded_plugins(client: Client, kind: str) -> Sequence[pb.Plugin]:
    """Those of a type (`io.containerd.snapshotter.v1`) that could be loaded. Raises Unavailable, PierError."""
    request = pb.PluginsRequest(filters=[f"type=={kind}"])
    reply = await client.call(_PLUGINS, request, what=f"list plugins of the type {kind}")
    return [plugin for plugin in reply.plugins if not plugin.HasField("init_err")]
