"""`pier`, the command line: flags and texts as docker's CLI has them, over the Engine API alone.

It reads argv, talks through `pier.client`, and prints. It may import `pier.client`, `pier.wire` and the standard
library; typer (and rich behind it) only for help pages and shell completion. Start-up is part of its trade: `main`
looks at argv and imports the one module of that command, and everyday commands import little that an empty Python
program has not.
"""
