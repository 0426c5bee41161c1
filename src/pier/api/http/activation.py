"""Sockets that systemd has opened for us (socket activation), and telling it that we are ready.

The protocol is sd_listen_fds(3) and sd_notify(3): LISTEN_PID and LISTEN_FDS name the descriptors from 3 on, and
NOTIFY_SOCKET names the datagram socket that hears READY=1.
"""

import os
import socket

from pier.api.http.listener import BadListener

_FIRST = 3  # SD_LISTEN_FDS_START


def activated_sockets() -> list[socket.socket]:
    """The listening stream sockets that were handed to this process. Raises BadListener when there are none.

    The variables are taken from the environment, so that no child takes them for its own.
    """
    pid, count = os.environ.pop("LISTEN_PID", ""), os.environ.pop("LISTEN_FDS", "0")
    os.environ.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()) or not count.isdigit() or not int(count):
        raise BadListener(
            "cannot listen on fd://: systemd has handed over no socket; start pierd by its pierd.socket unit, "
            "or use unix:///run/pier/pier.sock"
        )
    return [_adopt(descriptor) for descriptor in range(_FIRST, _FIRST + int(count))]


def _adopt(descriptor: int) -> socket.socket:
    os.set_inheritable(descriptor, False)
    try:
        adopted = socket.socket(fileno=descriptor)
    except OSError as error:
        raise BadListener(f"cannot listen on fd://: descriptor {descriptor} is no socket: {error.strerror}") from error
    if adopted.type != socket.SOCK_STREAM or not adopted.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise BadListener(f"cannot listen on fd://: descriptor {descriptor} is no listening stream socket")
    adopted.setblocking(False)
    return adopted


def notify_ready() -> None:
    """Tells the service manager, if there is one, that requests are answered from now on."""
    address = os.environ.pop("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
        # An @ stands for the zero byte of the abstract namespace.
        sender.sendto(b"READY=1", "\0" + address[1:] if address.startswith("@") else address)
