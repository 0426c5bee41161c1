"""The relay process, as `client.command` starts it.

Forks into the background, listens on a unix SEQPACKET socket, and exits 0 in the foreground once it listens. One
request is one packet, its answer another:

    serve NAME PROTOCOL ADDRESS PORT
                    with a bound socket (SCM_RIGHTS) -> ok; what comes to it goes to that address. A name that has
                    this target already keeps its socket and its connections.
    stop NAME...    -> ok; unknown names are no error. Connections that are open go on to their end.
    list            -> ok and the names, one a line

Names of `stop` are parted by newlines. Anything else is answered `no REASON`. It ends by itself, and removes its
socket, when it serves nothing, carries nothing and nobody has been connected for IDLE_SECONDS.

It does without asyncio, whose import alone would make it three times as large (11 MB of PSS instead of 4).
"""

import errno
import os
import resource
import socket
import time

from pier.network.relay.loop import READ, WRITE, Callback, Loop

PACKET = 65536
CHUNK = 1 << 18  # bytes in one splice
TURNS = 16  # of one direction of a connection, before others have their turn
CONNECT_SECONDS = 10.0
FLOWS = 1024  # of UDP, on one port
FLOW_SECONDS = 90.0  # that a UDP flow may be silent
BUSY_SECONDS = 0.1  # after an accept that failed for want of descriptors
IP_PKTINFO = 8  # linux/in.h
_SPLICE = os.SPLICE_F_MOVE | os.SPLICE_F_NONBLOCK
Target = tuple[str, int]


class Relay:
    def __init__(self, listener: socket.socket, path: str, idle: float) -> None:
        self.listener = listener
        self.path = path
        self.idle = idle
        self.loop = Loop()
        self.served: dict[str, tuple[str, Target, Callback]] = {}
        self.clients: set[socket.socket] = set()
        self.open: set[Connection] = set()
        self.reaching: dict[Connection, float] = {}  # until when each may try to reach its container
        self.is_timed = False  # they are looked at from time to time
        self.loop.watch(listener.fileno(), READ, self.accept)

    def run(self) -> None:
        quiet: float | None = None  # since when
        while True:
            if self.served or self.clients or self.open:
                quiet = None
                self.loop.turn(None)
                continue
            quiet = time.monotonic() if quiet is None else quiet
            left = quiet + self.idle - time.monotonic()
            if left <= 0:
                break
            self.loop.turn(left)
        os.unlink(self.path)  # before the listener closes: whoever fails to connect from now on starts a new relay

    # -- requests -----------------------------------------------------------------------------------------------------

    def accept(self) -> None:
        try:
            client = self.listener.accept()[0]
        except BlockingIOError:
            return
        except OSError:  # as in accept_streams
            self.loop.watch(self.listener.fileno(), READ, None)
            self.loop.later(BUSY_SECONDS, lambda: self.loop.watch(self.listener.fileno(), READ, self.accept))
            return
        client.setblocking(False)
        self.clients.add(client)
        self.loop.watch(client.fileno(), READ, lambda: self.hear(client))

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
            self.clients.discard(client)
            self.loop.close(client)

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

    def serve_streams(self, sock: socket.socket, target: Target) -> Callback:
        # What is left of connections, of this server or of one before it, must not block the port. Once it listens
        # nobody can bind beside it all the same.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.listen(1024)
        self.accept_again(sock, target)
        return lambda: self.loop.close(sock)

    def accept_again(self, sock: socket.socket, target: Target) -> None:
        if sock.fileno() >= 0:
            self.loop.watch(sock.fileno(), READ, lambda: self.accept_streams(sock, target))

    def accept_streams(self, sock: socket.socket, target: Target) -> None:
        try:
            for _ in range(32):
                Connection(self, sock.accept()[0], target)
        except BlockingIOError:
            return
        except OSError:  # no descriptor is free: look again a little later, not at once and for ever
            self.loop.watch(sock.fileno(), READ, None)
            self.loop.later(BUSY_SECONDS, lambda: self.accept_again(sock, target))

    def expect(self, connection: "Connection") -> None:
        """Closes a connection that has not reached its container in time."""
        self.reaching[connection] = time.monotonic() + CONNECT_SECONDS
        if not self.is_timed:
            self.is_timed = True
            self.loop.later(CONNECT_SECONDS / 10, self.give_up)

    def give_up(self) -> None:
        self.is_timed = False
        now = time.monotonic()
        for connection in [one for one, until in self.reaching.items() if until <= now]:
            connection.close()
        if self.reaching:
            self.is_timed = True
            self.loop.later(CONNECT_SECONDS / 10, self.give_up)

    # -- datagrams ----------------------------------------------------------------------------------------------------

    def serve_datagrams(self, sock: socket.socket, target: Target) -> Callback:
        if sock.family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        return Flows(self.loop, sock, target).close


def family_of(target: Target) -> int:
    return socket.AF_INET6 if ":" in target[0] else socket.AF_INET


class Connection:
    """A client and, once it is reached, the server in the container; both are closed when either breaks off."""

    def __init__(self, relay: Relay, client: socket.socket, target: Target) -> None:
        """Raises OSError, with the client closed, when no descriptor is free."""
        self.relay = relay
        self.client = client
        self.going: set[Pump] = set()
        try:
            self.server = socket.socket(family_of(target), socket.SOCK_STREAM)
        except OSError:
            client.close()
            raise
        client.setblocking(False)
        self.server.setblocking(False)
        relay.open.add(self)
        relay.expect(self)
        try:
            if self.server.connect_ex(target) not in (0, errno.EINPROGRESS):
                raise ConnectionError
            relay.loop.watch(self.server.fileno(), WRITE, self.begin)
        except OSError:
            self.close()

    def begin(self) -> None:
        """The server has answered, or refused."""
        self.relay.reaching.pop(self, None)
        self.relay.loop.watch(self.server.fileno(), WRITE, None)
        try:
            if self.server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise ConnectionError
            for source, sink in ((self.client, self.server), (self.server, self.client)):
                self.going.add(Pump(self, source, sink))
        except OSError:
            self.close()

    def half_ended(self, pump: "Pump") -> None:
        self.going.discard(pump)
        if not self.going:
            self.close()

    def close(self) -> None:
        """Done again it changes nothing."""
        if self not in self.relay.open:
            return
        self.relay.open.discard(self)
        self.relay.reaching.pop(self, None)
        for pump in self.going:
            pump.close()
        self.going.clear()
        for sock in (self.client, self.server):
            self.relay.loop.close(sock)


class Pump:
    """One direction of a connection: moves bytes in the kernel until the source ends its half, then ends the sink's.

    It waits for one thing at a time: for bytes, or for room for what it took.
    """

    def __init__(self, connection: Connection, source: socket.socket, sink: socket.socket) -> None:
        """Raises OSError when no descriptor is free."""
        self.connection = connection
        self.source = source
        self.sink = sink
        self.held = 0  # bytes in the pipe
        self.reading, self.writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        connection.relay.loop.watch(source.fileno(), READ, self.move)

    def move(self) -> None:
        had = self.held
        try:
            for _ in range(TURNS):
                if not self.held:
                    self.held = os.splice(self.source.fileno(), self.writing, CHUNK, flags=_SPLICE)
                    if not self.held:
                        self.end()
                        return
                self.held -= os.splice(self.reading, self.sink.fileno(), self.held, flags=_SPLICE)
        except BlockingIOError:
            pass
        except OSError:  # one side has gone: so does the other
            self.connection.close()
            return
        if bool(had) != bool(self.held):
            loop = self.connection.relay.loop
            loop.watch(self.source.fileno(), READ, None if self.held else self.move)
            loop.watch(self.sink.fileno(), WRITE, self.move if self.held else None)

    def end(self) -> None:
        loop = self.connection.relay.loop
        loop.watch(self.source.fileno(), READ, None)
        loop.watch(self.sink.fileno(), WRITE, None)
        try:
            self.sink.shutdown(socket.SHUT_WR)
            self.close()
            self.connection.half_ended(self)
        except OSError:
            self.connection.close()

    def close(self) -> None:
        os.close(self.reading)
        os.close(self.writing)


class Flows:
    """The clients of one UDP port; each has a socket of its own towards the container."""

    def __init__(self, loop: Loop, sock: socket.socket, target: Target) -> None:
        self.loop = loop
        self.sock = sock
        self.target = target
        self.kind = IP_PKTINFO if sock.family == socket.AF_INET else socket.IPV6_PKTINFO
        # By the client's address and by that of ours it sent to (in_pktinfo, in6_pktinfo), which answers come from.
        self.flows: dict[tuple[tuple[str, int], bytes], socket.socket] = {}
        self.used: dict[socket.socket, float] = {}
        loop.watch(sock.fileno(), READ, self.receive)
        self.expire()

    def receive(self) -> None:
        for _ in range(32):
            try:
                data, extra, _, peer = self.sock.recvmsg(65535, 64)
                info = next((value for _, kind, value in extra if kind == self.kind), b"")
                server = self.flows.get((peer, info)) or self.begin(peer, info)
                self.used[server] = time.monotonic()
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
        self.loop.watch(server.fileno(), READ, lambda: self.reply(server, peer, info))
        return server

    def reply(self, server: socket.socket, peer: tuple[str, int], info: bytes) -> None:
        try:
            data = server.recv(65535)
            self.sock.sendmsg([data], self.sender(info), 0, peer)
            self.used[server] = time.monotonic()
        except OSError:  # the container refused, or the client has gone
            return

    def sender(self, info: bytes) -> list[tuple[int, int, bytes]]:
        """The address that an answer comes from: the one that the client sent to."""
        if not info:
            return []
        if self.sock.family == socket.AF_INET:  # struct in_pktinfo: link, address to send from, address it was sent to
            return [(socket.IPPROTO_IP, IP_PKTINFO, bytes(4) + info[8:12] + bytes(4))]
        return [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, info)]

    def expire(self) -> None:
        if self.sock.fileno() < 0:
            return
        limit = time.monotonic() - FLOW_SECONDS
        for key in [key for key, server in self.flows.items() if self.used[server] < limit]:
            self.end(key)
        self.loop.later(FLOW_SECONDS / 3, self.expire)

    def end(self, key: tuple[tuple[str, int], bytes]) -> None:
        server = self.flows.pop(key)
        self.used.pop(server, None)
        self.loop.close(server)

    def close(self) -> None:
        for key in list(self.flows):
            self.end(key)
        self.loop.close(self.sock)


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


def main(path: str, idle: float) -> None:
    """Returns in the background process, when nobody has needed it for `idle` seconds."""
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
    Relay(listener, path, idle).run()
