"""Docker's JSON, field for field, and its framing; knows nobody.

Imports only msgspec and the pure part of the standard library. The API translates between these shapes and the domain;
the client and the CLI read them. A field that Docker leaves out when it is empty is UNSET here, one that Docker writes
as `null` is None, so that a reply is what a struct says. In requests every field may be absent or null.
"""
