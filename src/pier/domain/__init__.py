"""The nouns and rules of a container engine: frozen values, no I/O, no asyncio, no JSON keys.

Times are integers, nanoseconds since the Unix epoch in UTC; 0 means "never". Sizes are bytes.
"""
