"""Adapter: containerd over gRPC, one module per service, each fitting a port of the engine.

The only importer of the generated messages in `pier_grpc`, so that nothing else depends on containerd's wire; beside
them it imports `pier.domain` and grpc. It decides nothing: policy, order and locking are the engine's.
Words are containerd's: task, snapshot, content, lease, namespace.
"""
