from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from pier.api.call import Call
from pier.api.hijack import MULTIPLEXED, RAW, hijack, refuse, stream_type
from pier.api.http.channel import Channel
from pier.api.http.messages import Request
from pier.domain.errors import NotFound


async def no_body() -> AsyncIterator[bytes]:
    return
    yield b""


async def run(channel: Channel) -> None:
    raise AssertionError


def a_call(**headers: str) -> Call:
    request = Request("POST", "/containers/x/attach", headers, no_body)
    return Call(cast(Any, None), request, 51, {"name": "x"})


@pytest.mark.parametrize(
    ("version", "terminal", "content"), [(42, False, MULTIPLEXED), (42, True, RAW), (41, False, RAW), (41, True, RAW)]
)
def test_stream_types(version: int, terminal: bool, content: str) -> None:
    assert stream_type(version, terminal=terminal) == content


def test_further_headers_come_last() -> None:
    call = a_call(connection="keep-alive, Upgrade", upgrade="TCP")
    head = hijack(call, terminal=True, run=run, headers=(("A", "b"),)).head
    assert head.endswith(b"Connection: Upgrade\r\nUpgrade: tcp\r\nA: b\r\n\r\n")


def test_upgrade_counts_without_its_connection_header_too() -> None:
    assert hijack(a_call(upgrade="tcp"), terminal=True, run=run).head.startswith(b"HTTP/1.1 101 UPGRADED\r\n")
    assert hijack(a_call(connection="Upgrade"), terminal=True, run=run).head.startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_refusal_is_a_line_of_text() -> None:
    answer = refuse(NotFound("No such container: x"), a_call().request)
    assert answer.head == f"HTTP/1.1 404 Not Found\r\nContent-Type: {RAW}\r\n\r\nNo such container: x\r\n".encode()
