"""The same command lines given to `docker` and to `pier`, against an engine that only answers and records.

What the stock docker CLI 28.2 did is kept in `recorded/`, by group (scripts/record-cli makes it); a test compares Pier
with that, and docker itself where a docker CLI of that series is installed.
"""

from same_cli import lines_containers, lines_context, lines_objects, lines_run

__all__ = ["lines_containers", "lines_context", "lines_objects", "lines_run"]
