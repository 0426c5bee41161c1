"""The relay process: `python -I -S process.py SOCKET [IDLE_SECONDS]`.

Forks into the background, listens on a unix SEQPACKET socket, and exits 0 in the foreground once it listens. One
request is one packet, its answer another:

    serve NAME PROTOCOL ADDRESS PORT
                    with a bound socket (SCM_RIGHTS) -> ok; what comes to it goes to that address. A name that has
                    this target already keeps its socket and its connections.
    stop NAME...    -> ok; unknown names are no error. Connections that are open go on to their end.
    list            -> ok and the names, one a line

Names of `stop` are parted by newlines. Anything else is answered `no REASON`. It ends by itself, and removes its
socket, when it serves nothing, carries nothing and nobody has been connected for IDLE_SECONDS.
"""

import asyncio
import os
import resource
import socket
import sys
from collections.abc import Callable

PACKET = 65536
CHUNK = 1 << 18  # bytes in one splice
CONNECT_SECONDS = 10.0
FLOWS = 1024  # of UDP, on one port
FLOW_SECONDS = 90.0  # that a UDP flow may be silent
BUSY_SECONDS = 0.1  # after an accept that failed for want of descriptors
IP_PKTINFO = 8  # linux/in.h
_SPLICE = os.SPLICE_F_MOVE | os.SPLICE_F_NONBLOCK
Target = tuple[str, int]


class Relay:
    def __init__(self, listener: socket.socket, path: str, idle: float, group: asyncio.TaskGroup) -> None:
        self.listener = listener
        self.path = path
        self.idle = idle
        self.group = group
        self.loop = asyncio.get_running_loop()
        self.served: dict[str, tuple[str, Target, Callable[[], None]]] = {}
        self.clients: set[socket.socket] = set()
        self.open = 0  # connections that are carried
        self.loop.add_reader(listener, self.accept)

    async def run(self) -> None:
        quiet = 0.0
        while quiet < self.idle:
            await asyncio.sleep(self.idle / 4)
            quiet = 0.0 if self.served or self.clients or self.open else quiet + self.idle / 4
        os.unlink(self.path)  # before the listener closes: whoever fails to connect from now on starts a new relay

    # -- requests -----------------------------------------------------------------------------------------------------

    def accept(self) -> None:
        try:
            client = self.listener.accept()[0]
        except OSError:
            return
        client.setblocking(False)
        self.clients.add(client)
        self.loop.add_reader(client, self.hear, client)

    def hear(self, client: socket.socket) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(client, PACKET, 1)
            if not data:
                raise ConnectionError
            given = [socket.socket(fileno=descriptor) for descriptor in descriptors]
            client.send(self.answer(data.decode(errors="replace"), given).encode())
        except BlockingIOError:
            return
        except OSError:
            self.loop.remove_reader(client)
            self.clients.discard(client)
            client.close()

    def answer(self, request: str, given: list[socket.socket]) -> str:
        verb, _, rest = request.partition(" ")
        words = rest.split(" ")
        if verb == "serve" and len(words) == 4 and len(given) == 1 and words[3].isdigit():
            return self.serve(words[0], words[1], (words[2], int(words[3])), given[0])
        for sock in given:
            sock.close()
        if verb == "stop":
            for name in rest.split("\n"):
                self.stop(name)
            return "ok"
        if verb == "list":
            return "ok " + "\n".join(sorted(self.served))
        return "no such verb"

    def serve(self, name: str, protocol: str, target: Target, sock: socket.socket) -> str:
        if name in self.served and self.served[name][:2] == (protocol, target):
            sock.close()
            return "ok"
        self.stop(name)
        sock.setblocking(False)
        try:
            end = self.serve_datagrams(sock, target) if protocol == "udp" else self.serve_streams(sock, target)
        except OSError as error:
            sock.close()
            return f"no {error.strerror}"
        self.served[name] = protocol, target, end
        return "ok"

    def stop(self, name: str) -> None:
        if name in self.served:
            self.served.pop(name)[2]()

    # -- streams ------------------------------------------------------------------------------------------------------

    def serve_streams(self, sock: socket.socket, target: Target) -> Callable[[], None]:
        sock.listen(1024)
        # Now that it listens nobody can bind beside it, but what is left of its connections must not block the port.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.loop.add_reader(sock, self.accept_streams, sock, target)

        def end() -> None:
            self.loop.remove_reader(sock)
            sock.close()

        return end

    def accept_streams(self, sock: socket.socket, target: Target) -> None:
        try:
            for _ in range(32):
                self.group.create_task(self.carry(sock.accept()[0], target))
        except BlockingIOError:
            return
        except OSError:  # no descriptor is free: look again a little later, not at once and for ever
            self.loop.remove_reader(sock)
            self.loop.call_later(BUSY_SECONDS, self.resume, sock, target)

    def resume(self, sock: socket.socket, target: Target) -> None:
        if sock.fileno() >= 0:
            self.loop.add_reader(sock, self.accept_streams, sock, target)

    async def carry(self, client: socket.socket, target: Target) -> None:
        self.open += 1
        with client, socket.socket(family_of(target), socket.SOCK_STREAM) as server:
            client.setblocking(False)
            server.setblocking(False)
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await self.loop.sock_connect(server, target)
                async with asyncio.TaskGroup() as both:
                    both.create_task(pump(client, server))
                    both.create_task(pump(server, client))
            except* (OSError, TimeoutError):
                pass  # one side has gone: so does the other
            finally:
                self.open -= 1

    # -- datagrams ----------------------------------------------------------------------------------------------------

    def serve_datagrams(self, sock: socket.socket, target: Target) -> Callable[[], None]:
        if sock.family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        flows = Flows(self.loop, sock, target)
        self.loop.add_reader(sock, flows.receive)
        job = self.group.create_task(flows.expire())

        def end() -> None:
            self.loop.remove_reader(sock)
            job.cancel()
            flows.close()
            sock.close()

        return end


def family_of(target: Target) -> int:
    return socket.AF_INET6 if ":" in target[0] else socket.AF_INET


class Flows:
    """The clients of one UDP port; each has a socket of its own towards the container."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, target: Target) -> None:
        self.loop = loop
        self.sock = sock
        self.target = target
        self.kind = IP_PKTINFO if sock.family == socket.AF_INET else socket.IPV6_PKTINFO
        # By the client's address and by that of ours it sent to (in_pktinfo, in6_pktinfo), which answers come from.
        self.flows: dict[tuple[tuple[str, int], bytes], socket.socket] = {}
        self.used: dict[socket.socket, float] = {}

    def receive(self) -> None:
        for _ in range(32):
            try:
                data, extra, _, peer = self.sock.recvmsg(65535, 64)
                info = next((value for _, kind, value in extra if kind == self.kind), b"")
                server = self.flows.get((peer, info)) or self.begin(peer, info)
                self.used[server] = self.loop.time()
                server.send(data)
            except OSError:  # nothing more; or nobody listens in the container
                return

    def begin(self, peer: tuple[str, int], info: bytes) -> socket.socket:
        if len(self.flows) >= FLOWS:
            self.end(min(self.flows, key=lambda key: self.used[self.flows[key]]))
        server = socket.socket(family_of(self.target), socket.SOCK_DGRAM)
        server.setblocking(False)
        server.connect(self.target)
        self.flows[peer, info] = server
        self.loop.add_reader(server, self.reply, server, peer, info)
        return server

    def reply(self, server: socket.socket, peer: tuple[str, int], info: bytes) -> None:
        try:
            data = server.recv(65535)
            self.sock.sendmsg([data], self.sender(info), 0, peer)
            self.used[server] = self.loop.time()
        except OSError:  # the container refused, or the client has gone
            return

    def sender(self, info: bytes) -> list[tuple[int, int, bytes]]:
        """The address that an answer comes from: the one that the client sent to."""
        if not info:
            return []
        if self.sock.family == socket.AF_INET:  # struct in_pktinfo: link, address to send from, address it was sent to
            return [(socket.IPPROTO_IP, IP_PKTINFO, bytes(4) + info[8:12] + bytes(4))]
        return [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, info)]

    async def expire(self) -> None:
        while True:
            await asyncio.sleep(FLOW_SECONDS / 3)
            limit = self.loop.time() - FLOW_SECONDS
            for key in [key for key, server in self.flows.items() if self.used[server] < limit]:
                self.end(key)

    def end(self, key: tuple[tuple[str, int], bytes]) -> None:
        server = self.flows.pop(key)
        self.used.pop(server, None)
        self.loop.remove_reader(server)
        server.close()

    def close(self) -> None:
        for key in list(self.flows):
            self.end(key)


async def pump(source: socket.socket, sink: socket.socket) -> None:
    """Moves bytes in the kernel until the source has ended its half; then ends the sink's. Raises OSError."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        while True:
            try:
                count = os.splice(source.fileno(), writing, CHUNK, flags=_SPLICE)
            except BlockingIOError:
                await ready(source, "reader")
                continue
            if not count:
                break
            while count:
                try:
                    count -= os.splice(reading, sink.fileno(), count, flags=_SPLICE)
                except BlockingIOError:
                    await ready(sink, "writer")
        sink.shutdown(socket.SHUT_WR)
    finally:
        os.close(reading)
        os.close(writing)


async def ready(sock: socket.socket, side: str) -> None:
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    getattr(loop, f"add_{side}")(sock, event.set)
    try:
        await event.wait()
    finally:
        getattr(loop, f"remove_{side}")(sock)


def listen(path: str) -> socket.socket:
    """Raises OSError when another relay listens there."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.path.exists(path):
        if listener.connect_ex(path) == 0:
            raise FileExistsError(path)
        os.unlink(path)
    os.fchmod(listener.fileno(), 0o600)  # bind gives the file this mode
    listener.bind(path)
    listener.listen(16)
    listener.setblocking(False)
    return listener


async def serve(listener: socket.socket, path: str, idle: float) -> None:
    async with asyncio.TaskGroup() as group:
        await Relay(listener, path, idle, group).run()


def main(path: str, idle: float = 60) -> None:
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        os._exit(0 if os.read(reading, 1) else 1)
    os.close(reading)
    os.setsid()
    listener = listen(path)
    os.write(writing, b"1")
    os.close(writing)
    os.chdir("/")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(serve(listener, path, idle))


if __name__ == "__main__":
    main(sys.argv[1], *map(float, sys.argv[2:3]))
