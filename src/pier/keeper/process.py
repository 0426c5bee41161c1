"""The keeper process: `python -I -S process.py SOCKET [IDLE_SECONDS]`.

Forks into the background, listens on a unix SEQPACKET socket, and exits 0 in the foreground once it listens. One
request is one packet, its answer another:

    put NAME...      with as many descriptors (SCM_RIGHTS) -> ok; a name that was there gets the new descriptor
    take NAME        -> ok with a duplicate of the descriptor; the keeper goes on holding its own
    forget NAME...   -> ok; unknown names are no error
    list [AFTER]     -> ok and the next names in order, one a line; an empty answer is the end

Names are separated by newlines. Anything else is answered `no REASON`. It ends by itself, and removes its socket,
when nobody has been connected for IDLE_SECONDS and it holds nothing, or cannot be reached as its socket is gone.
"""

import errno
import os
import resource
import select
import socket
import sys

PACKET = 65536
DESCRIPTORS = 64  # in one packet
LISTED = 256
NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE)
BUSY_SECONDS = 0.1  # at most, after an accept that failed for want of descriptors


class Keeper:
    def __init__(self, listener: socket.socket, path: str, idle: float) -> None:
        self.listener = listener
        self.path = path
        self.idle = idle
        self.inode = self.inode_of_path()
        self.held: dict[str, int] = {}
        self.clients: dict[int, socket.socket] = {}
        self.poll = select.poll()
        self.poll.register(listener, select.POLLIN)
        self.is_full = False  # no descriptor is free to accept with

    def run(self) -> None:
        while True:
            was_full, self.is_full = self.is_full, False
            ready = self.poll.poll((BUSY_SECONDS if was_full else self.idle) * 1000)
            self.poll.register(self.listener, select.POLLIN)  # again, if it was full
            reachable = self.inode_of_path() == self.inode
            if not ready and not was_full and not self.clients and not (self.held and reachable):
                break
            for descriptor, _ in ready:
                if descriptor == self.listener.fileno():
                    self.accept()
                else:
                    self.serve(self.clients[descriptor])
        if reachable:  # before the listener closes: whoever fails to connect from now on starts a new keeper
            os.unlink(self.path)

    def inode_of_path(self) -> int:
        try:
            return os.stat(self.path).st_ino
        except OSError:
            return 0

    def accept(self) -> None:
        try:
            client = self.listener.accept()[0]
        except OSError as error:
            if error.errno in NO_DESCRIPTOR:  # who waits is looked at later, not at once and for ever
                self.poll.unregister(self.listener)
                self.is_full = True
            return
        client.setblocking(False)
        self.clients[client.fileno()] = client
        self.poll.register(client, select.POLLIN)

    def serve(self, client: socket.socket) -> None:
        try:
            data, descriptors, flags, _ = socket.recv_fds(client, PACKET, DESCRIPTORS)
            if not data:
                raise ConnectionError
            truncated = flags & (socket.MSG_CTRUNC | socket.MSG_TRUNC)
            answer, given = (
                ("no too much", []) if truncated else self.answer(data.decode(errors="replace"), descriptors)
            )
            for unused in descriptors:
                os.close(unused)
            socket.send_fds(client, [answer.encode()], given)
        except BlockingIOError:  # woken for nothing, or it does not take its answer: it will ask anew
            return
        except OSError:
            self.poll.unregister(client)
            del self.clients[client.fileno()]
            client.close()

    def answer(self, request: str, descriptors: list[int]) -> tuple[str, list[int]]:
        """Takes out of `descriptors` what it keeps; the text of the answer and the descriptors that go with it."""
        verb, _, rest = request.partition(" ")
        names = rest.split("\n")
        if verb == "put" and len(names) == len(descriptors):
            self.forget(names)
            self.held.update(zip(names, descriptors, strict=True))
            descriptors.clear()
            return "ok", []
        if verb == "take":
            return ("ok", [self.held[rest]]) if rest in self.held else ("no such name", [])
        if verb == "forget":
            self.forget(names)
            return "ok", []
        if verb == "list":
            later = sorted(name for name in self.held if name > rest)
            return "ok " + "\n".join(later[:LISTED]), []
        return "no such verb", []

    def forget(self, names: list[str]) -> None:
        for name in names:
            if name in self.held:
                os.close(self.held.pop(name))


def listen(path: str) -> socket.socket:
    """Raises OSError when another keeper listens there."""
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


def main(path: str, idle: float = 60) -> None:
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        os._exit(0 if os.read(reading, 1) else 1)
    os.close(reading)
    os.setsid()
    listener = listen(path)  # by this process, so that SO_PEERCRED names it
    os.write(writing, b"1")
    os.close(writing)
    os.chdir("/")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    Keeper(listener, path, idle).run()


if __name__ == "__main__":
    main(sys.argv[1], *map(float, sys.argv[2:3]))
