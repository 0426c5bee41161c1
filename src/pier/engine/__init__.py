"""Use cases: what `docker …` means.

May import `domain`, `oci`, `dockerfile` and `config`; speaks to the world through the Protocols in `engine.ports` only.
It never sees a query string, a JSON key of Docker or a gRPC status.
"""
