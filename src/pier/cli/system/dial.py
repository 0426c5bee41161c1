"""`pier system dial-stdio`: the API on standard input and output, for clients that come by ssh."""

import os
import select

from pier.cli.flags import Command, Values
from pier.cli.streams import write_all
from pier.cli.terminal import STDIN, STDOUT
from pier.client.connection import Connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session

_SIZE = 65536
_SHUT_WR = 1


def dial(session: "Session", _: Values, __: list[str]) -> int:
    """Carry bytes until the engine closes. The end of standard input is passed on, and output goes on after it."""
    socket = Connection(session.client.address).socket
    listening = True
    while True:
        poll = select.poll()
        poll.register(socket.fileno(), select.POLLIN)
        if listening:
            poll.register(STDIN, select.POLLIN)
        for descriptor, _events in poll.poll():
            if descriptor == STDIN:
                data = os.read(STDIN, _SIZE)
                if data:
                    socket.sendall(data)
                else:
                    listening = False
                    socket.shutdown(_SHUT_WR)
            elif data := socket.recv(_SIZE):
                write_all(STDOUT, data)
            else:
                return 0


DIAL = Command("system dial-stdio", "", "Carry the API between the standard streams and the engine", (), dial, most=0)
