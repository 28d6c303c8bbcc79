"""Which failures of a connection prove that nothing was sent: against real sockets."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

import httpx
import pytest

from sora_batch.errors import UsageError
from sora_batch.providers import transport

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def failure_of(serve: Serve) -> httpx.HTTPError:
    """What posting to such a server raises."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    address = f"http://127.0.0.1:{port}/v1"
    client = transport.remote_client(address)
    try:
        request = client.build_request("POST", f"{address}/videos", json={"a": 1})
        with pytest.raises(httpx.HTTPError) as caught:
            await transport.exchange(client, request)
        return caught.value
    finally:
        await client.aclose()
        server.close()


async def closes_after_reading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def resets_after_reading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def cuts_its_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
    await writer.drain()
    writer.close()


async def speaks_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"SMTP ready\r\n\r\n")
    await writer.drain()
    writer.close()


@pytest.mark.parametrize(
    "serve", [closes_after_reading, resets_after_reading, cuts_its_answer, speaks_nonsense]
)
def test_a_connection_that_breaks_after_the_request_proves_nothing(serve: Serve) -> None:
    error = asyncio.run(failure_of(serve))
    assert not transport.was_never_sent(error)
    assert transport.in_words(error)


def test_a_refused_connection_proves_that_nothing_was_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        async def post() -> httpx.HTTPError:
            address = f"http://127.0.0.1:{port}/"
            client = transport.remote_client(address)
            try:
                request = client.build_request("POST", address, json={})
                with pytest.raises(httpx.HTTPError) as caught:
                    await transport.exchange(client, request)
                return caught.value
            finally:
                await client.aclose()

        error = asyncio.run(post())
        assert transport.was_never_sent(error)
        assert transport.in_words(error).startswith("no connection (")


async def answers_as_a_proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    line = await reader.readline()
    await reader.readuntil(b"\r\n\r\n")
    code = b"403 Forbidden" if line.startswith(b"CONNECT") else b"200 OK"
    body = line.strip()
    writer.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (code, len(body), body))
    await writer.drain()
    writer.close()


async def posted(address: str) -> bytes:
    client = transport.remote_client(address)
    try:
        request = client.build_request("POST", address, json={})
        return (await transport.exchange(client, request))[1]
    finally:
        await client.aclose()


def test_a_proxy_that_the_environment_names_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def post() -> None:
        server = await asyncio.start_server(answers_as_a_proxy, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        for scheme in ("http", "https"):
            monkeypatch.setenv(f"{scheme}_proxy", f"127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "")
        said = await posted("http://videos.test/v1")
        assert said == b"POST http://videos.test/v1 HTTP/1.1"
        with pytest.raises(httpx.HTTPError) as refused:
            await posted("https://videos.test/v1")
        assert transport.was_never_sent(refused.value)
        server.close()

    asyncio.run(post())


def test_a_server_on_this_machine_is_reached_without_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    error = asyncio.run(failure_of(cuts_its_answer))
    assert not transport.was_never_sent(error)


def test_a_proxy_that_speaks_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:1080")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(UsageError, match="HTTPS_PROXY speaks socks5"):
        transport.remote_client("https://videos.test/v1")
