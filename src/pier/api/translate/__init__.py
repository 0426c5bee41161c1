"""Between Docker's JSON (`wire`) and our values (`domain`), both ways, by theme.

`load_x` reads a request and checks its *shape* only (what it means is judged by the engine); `describe_x` writes a
reply.
"""
