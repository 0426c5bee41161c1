"""Asks a DNS server many questions: `python -m benchmark.questions NAME ADDRESS RATE SECONDS`, in a container's netns.

RATE 0 keeps a number of questions under way all the time; another is how many are asked a second, whether answers come
or not. Prints one JSON object: `asked`, `answered`, `wrong`, `seconds`, and milliseconds `p50` and `p99`.

Packets are made beforehand and several sockets share the work, so that this side costs less than the other.
"""

import contextlib
import json
import select
import socket
import struct
import sys
import time
from dataclasses import dataclass, field

SERVER = ("127.0.0.11", 53)
SOCKETS = 4
WINDOW = 16  # questions under way on each socket
PATIENCE = 1.0  # seconds for the last answers
IDS = 4096  # of one socket, one after another
A, IN, RECURSIVE = 1, 1, 0x0100


def question(name: str) -> bytes:
    """A query for the IPv4 addresses of a name, from behind its id (RFC 1035, section 4)."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">HHHHH", RECURSIVE, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", A, IN)


def is_answer(data: bytes, address: bytes) -> bool:
    """Whether it says that the name has this one address."""
    return data[3] & 0xF == 0 and data[6:8] == b"\0\x01" and data.endswith(address)


@dataclass
class Asker:
    """One socket."""

    packets: list[bytes]
    address: bytes
    asked: int = 0
    answered: int = 0
    wrong: int = 0
    times: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.connect(SERVER)
        self.sock.setblocking(False)
        self.sent = [0.0] * IDS

    def ask(self) -> None:
        """One more."""
        number = self.asked % IDS
        self.asked += 1
        self.sent[number] = time.perf_counter()
        with contextlib.suppress(BlockingIOError):  # counts as unanswered
            self.sock.send(self.packets[number])

    def hear(self) -> int:
        """Takes what has come; how many answers."""
        heard = 0
        try:
            while True:
                data = self.sock.recv(512)
                number = (data[0] << 8 | data[1]) % IDS
                self.times.append(time.perf_counter() - self.sent[number])
                heard += 1
                if not is_answer(data, self.address):
                    self.wrong += 1
        except BlockingIOError:
            self.answered += heard
            return heard


def keep_asking(askers: list[Asker], seconds: float) -> None:
    """As many as the server answers."""
    for asker in askers:
        for _ in range(WINDOW):
            asker.ask()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        ready, _, _ = select.select([asker.sock for asker in askers], [], [], PATIENCE)
        for asker in askers:
            if asker.sock in ready:
                for _ in range(asker.hear()):
                    asker.ask()


def ask_at(askers: list[Asker], rate: float, seconds: float) -> None:
    """So many a second, spread over the sockets."""
    began, count = time.perf_counter(), 0
    sockets = [asker.sock for asker in askers]
    while (passed := time.perf_counter() - began) < seconds:
        while count < passed * rate:
            askers[count % len(askers)].ask()
            count += 1
        for asker in askers:
            asker.hear()
        select.select(sockets, [], [], max(0.0, (count + 1) / rate - (time.perf_counter() - began)))


def main(name: str, address: str, rate: float, seconds: float) -> dict[str, float]:
    """The figures."""
    rest = question(name)
    packets = [struct.pack(">H", number) + rest for number in range(IDS)]
    askers = [Asker(packets, socket.inet_aton(address)) for _ in range(SOCKETS)]
    began = time.perf_counter()
    if rate:
        ask_at(askers, rate, seconds)
    else:
        keep_asking(askers, seconds)
    took = time.perf_counter() - began
    end = time.perf_counter() + PATIENCE
    while time.perf_counter() < end and any(asker.answered < asker.asked for asker in askers):
        select.select([asker.sock for asker in askers], [], [], 0.05)
        for asker in askers:
            asker.hear()
    times = sorted(one for asker in askers for one in asker.times)
    at = [times[int(len(times) * part)] * 1000 if times else 0.0 for part in (0.5, 0.99)]
    sums = {key: sum(getattr(asker, key) for asker in askers) for key in ("asked", "answered", "wrong")}
    return {**sums, "seconds": took, "p50": at[0], "p99": at[1]}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))))
