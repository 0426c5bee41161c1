"""The DNS server that containers on networks of the user's own find at 127.0.0.11.

`message`, `zone`, `cache` and `answer` are pure; `upstream`, `resolver`, `server` live on the event loop; `sockets`
opens what must be opened inside a container's network namespace. Like the rest of the adapter it imports
`pier.domain` and the standard library only.
"""
