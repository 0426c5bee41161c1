"""TLS between a transport and a channel, in memory: both ends are driven by hand."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
from support.certificates import make_certificates

from pier.api.http.channel import Channel, ConnectionLost
from pier.api.http.tls import TlsConnection, server_context


class Transport:
    """asyncio's side: what the server sends lies in `sent`."""

    def __init__(self) -> None:
        self.sent = b""
        self.closing = self.ended = self.aborted = False

    def write(self, data: bytes) -> None:
        self.sent += data

    def write_eof(self) -> None:
        self.ended = True

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.aborted = self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def set_write_buffer_limits(self, *_: Any, **__: Any) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def get_extra_info(self, *_: Any) -> None: ...
    def get_write_buffer_size(self) -> int:
        return 0


class Peer:
    """A client: `say` hands what it has to send to the server, `hear` takes what the server has sent."""

    def __init__(self, context: ssl.SSLContext, server: TlsConnection, transport: Transport) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="127.0.0.1")
        self.server, self.transport = server, transport

    def exchange(self) -> None:
        if data := self.outgoing.read():
            self.server.data_received(data)
        self.incoming.write(self.transport.sent)
        self.transport.sent = b""

    def shake_hands(self) -> None:
        for _ in range(5):
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.exchange()
                continue
            self.exchange()
            return


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


def connected(certificates: Path, *, with_certificate: bool = True) -> tuple[Peer, list[Channel], Transport]:
    context = server_context(certificates / "server.crt", certificates / "server.key", certificates / "ca.crt")
    channels: list[Channel] = []
    server = TlsConnection(context, lambda: Channel(channels.append))
    transport = Transport()
    server.connection_made(transport)  # type: ignore[arg-type]  # the part of a transport that is used
    client = ssl.create_default_context(cafile=str(certificates / "ca.crt"))
    if with_certificate:
        client.load_cert_chain(certificates / "client.cert", certificates / "client.key")
    peer = Peer(client, server, transport)
    peer.shake_hands()
    return peer, channels, transport


async def test_bytes_go_both_ways(certificates: Path) -> None:
    peer, (channel,), _ = connected(certificates)
    peer.tls.write(b"hello")
    peer.exchange()
    assert await channel.read() == b"hello"
    await channel.write(b"answer" * 100_000, None)
    peer.exchange()
    heard = b""
    while len(heard) < 600_000:
        heard += peer.tls.read(1 << 20)
    assert heard == b"answer" * 100_000


async def test_the_end_of_the_clients_input_leaves_our_direction_open(certificates: Path) -> None:
    peer, (channel,), transport = connected(certificates)
    peer.tls.write(b"last words")
    with pytest.raises(ssl.SSLWantReadError):
        peer.tls.unwrap()  # close_notify
    peer.exchange()
    assert (await channel.read(), await channel.read()) == (b"last words", b"")
    assert channel.half_closed
    await channel.write(b"output after that", None)
    assert len(transport.sent) > len(b"output after that")
    assert not transport.closing


async def test_a_client_without_a_certificate_gets_no_answer(certificates: Path) -> None:
    peer, channels, transport = connected(certificates, with_certificate=False)
    assert channels == []
    assert transport.closing
    with pytest.raises(ssl.SSLError, match="certificate required"):
        peer.tls.read(1)


async def test_what_is_no_tls_ends_the_connection(certificates: Path) -> None:
    context = server_context(certificates / "server.crt", certificates / "server.key", None)
    server = TlsConnection(context, lambda: Channel(lambda _: None))
    transport = Transport()
    server.connection_made(transport)  # type: ignore[arg-type]  # the part of a transport that is used
    server.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert transport.closing
    assert server.eof_received() is False
    server.connection_lost(None)


async def test_a_lost_connection_is_told(certificates: Path) -> None:
    peer, (channel,), _ = connected(certificates)
    peer.server.connection_lost(None)
    with pytest.raises(ConnectionLost):
        await asyncio.wait_for(channel.read(), 5)


def test_certificates_that_cannot_be_read(tmp_path: Path, certificates: Path) -> None:
    (tmp_path / "bad").write_text("no certificate")
    for certificate in (tmp_path / "absent", tmp_path / "bad"):
        with pytest.raises(OSError):  # OpenSSL's words differ between versions
            server_context(certificate, certificates / "server.key", None)
