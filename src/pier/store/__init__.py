"""The engine's durable memory: SQLite records of containers, networks, volumes, intents and events.

An adapter: imports `domain` alone. Rows hold one versioned JSON of *our* dataclasses, never Docker's JSON, beside the
few columns that queries need.
"""
