"""The metrics by theme. Importing this package registers them all, in the order in which they run.

Memory comes before all that moves many bytes, which engines may keep buffers of; the restart comes last.
"""

from importlib import import_module

THEMES = ("runs", "fleet", "network", "streams", "images", "events", "parts", "restart")

for theme in THEMES:
    import_module(f"{__name__}.{theme}")
