"""TLS to a far engine. A thread carries bytes between the encrypted socket and a plain one, which all else works with.

Half-close passes through: the end of our input is a close_notify, after which the engine's output still comes. Imported
only where TLS is asked for, as ssl costs more start-up time than a whole `ps`.
"""

import _socket
import os
import select
import ssl
import threading
from contextlib import suppress

from pier.client.address import TlsFiles
from pier.client.errors import EngineUnreachable

_HANDSHAKE = 15.0
_READ = 65536
_SHUT_WR = 1


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """Raises OSError for files that cannot be read, also for what is no PEM."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not files.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif files.ca:
        context.load_verify_locations(files.ca)
    else:
        context.load_default_certs()
    if files.certificate:
        context.load_cert_chain(files.certificate, files.key or None)
    return context


def connect_tls(sock: _socket.socket, files: TlsFiles, host: str, shown: str) -> _socket.socket:
    """A plain socket to the engine behind `sock`, which it takes over. Raises EngineUnreachable."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        tls = client_context(files).wrap_bio(incoming, outgoing, server_hostname=host)
        sock.settimeout(_HANDSHAKE)
        _shake_hands(sock, tls, incoming, outgoing)
        sock.settimeout(None)
    except (OSError, ValueError) as error:
        sock.close()
        message = f"cannot speak TLS with the Pier daemon at {shown}: {error}"
        unreachable = EngineUnreachable(shown, message)
        unreachable.args = (message,)
        raise unreachable from error
    near, far = _socket.socketpair()
    relay = _Relay(sock, tls, incoming, outgoing, far)
    threading.Thread(target=relay.run, name="pier-tls", daemon=True).start()
    return near


def _shake_hands(sock: _socket.socket, tls: ssl.SSLObject, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> None:
    while True:
        try:
            tls.do_handshake()
            return
        except ssl.SSLWantReadError:
            if data := outgoing.read():
                sock.sendall(data)
            if not (data := sock.recv(_READ)):
                raise OSError("the engine closed the connection") from None
            incoming.write(data)
        finally:
            if data := outgoing.read():
                sock.sendall(data)


class _Relay:
    def __init__(
        self,
        sock: _socket.socket,
        tls: ssl.SSLObject,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        plain: _socket.socket,
    ) -> None:
        self._sock, self._plain = sock, plain
        self._tls, self._incoming, self._outgoing = tls, incoming, outgoing
        self._hearing = self._speaking = True

    def run(self) -> None:
        """Until both directions have ended, or either side is gone."""
        try:
            self._decrypt()  # what came with the handshake
            while self._hearing:
                poll = select.poll()
                poll.register(self._sock.fileno(), select.POLLIN)
                if self._speaking:
                    poll.register(self._plain.fileno(), select.POLLIN)
                for descriptor, _ in poll.poll():
                    if descriptor == self._sock.fileno():
                        self._hear()
                    elif self._speaking:
                        self._speak()
        except OSError as error:
            if isinstance(error, ssl.SSLError):
                os.write(2, f"TLS: {error}\n".encode())
        finally:
            self._plain.close()
            self._sock.close()

    def _hear(self) -> None:
        if data := self._sock.recv(_READ):
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        self._decrypt()
        self._flush()

    def _decrypt(self) -> None:
        while self._hearing:
            try:
                data = self._tls.read(_READ)
            except ssl.SSLWantReadError:
                return
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                data = b""
            if data:
                self._plain.sendall(data)
            else:
                self._hearing = False
                self._plain.shutdown(_SHUT_WR)

    def _speak(self) -> None:
        data = self._plain.recv(_READ)
        if data:
            rest = memoryview(data)
            while rest:
                rest = rest[self._tls.write(rest) :]
        else:
            self._speaking = False
            with suppress(ssl.SSLError):  # the engine has not ended yet
                self._tls.unwrap()
        self._flush()

    def _flush(self) -> None:
        if data := self._outgoing.read():
            self._sock.sendall(data)
