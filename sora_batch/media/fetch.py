"""Fetches a picture that a manifest names by its URL, trusting neither the URL nor the answer.

A manifest may come from somebody else, so an address inside the own network is refused unless
allowed: a redirect or a name that resolves to one would otherwise read what only this machine
can see. Each hop's name is resolved once, every address is checked, and the connection goes to
the very address that was checked. Behind a proxy the name is the proxy's to resolve.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeAlias
from urllib.request import getproxies, proxy_bypass

import httpx

from sora_batch.media.urls import ALLOW_PRIVATE, shown_url
from sora_batch.outputs import write_atomically

MOST_REDIRECTS = 3

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]


class FetchFailed(Exception):
    """The picture could not be fetched: why, and what to do."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


async def resolve_name(host: str, port: int) -> Sequence[str]:
    """Every address of the host, as this machine resolves it. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


async def fetch(
    url: str,
    target: Path,
    *,
    limit_bytes: int,
    timeout_s: float,
    allow_private: bool = False,
    transport: httpx.AsyncBaseTransport | None = None,
    resolve: Resolve = resolve_name,
) -> str:
    """Writes what the URL answers to `target`, whole or not at all; its sha256.

    At most `limit_bytes`, within `timeout_s` seconds altogether. Raises FetchFailed; OSError
    where the disk fails.
    """
    try:
        async with asyncio.timeout(timeout_s):
            data = await _download(url, limit_bytes, allow_private, transport, resolve)
    except TimeoutError as error:
        raise FetchFailed(
            f"{shown_url(url)} did not arrive within {timeout_s:g} s", "try again, or use a file"
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        words = str(error) or type(error).__name__
        raise FetchFailed(
            f"{shown_url(url)} cannot be fetched: {words}", "check the URL"
        ) from error
    await asyncio.to_thread(write_atomically, target, data)
    return hashlib.sha256(data).hexdigest()


async def _download(
    url: str,
    limit_bytes: int,
    allow_private: bool,
    transport: httpx.AsyncBaseTransport | None,
    resolve: Resolve,
) -> bytes:
    # No timeout of its own: the caller's is over all of it.
    async with httpx.AsyncClient(transport=transport, timeout=None) as client:  # noqa: S113
        for _ in range(MOST_REDIRECTS + 1):
            request = await _request_to(client, url, allow_private, resolve)
            response = await client.send(request, stream=True)
            try:
                if not response.has_redirect_location:
                    return await _body(response, url, limit_bytes)
                url = str(httpx.URL(url).join(response.headers["location"]))
            finally:
                await response.aclose()
    raise FetchFailed(f"{shown_url(url)} is one redirect too many", "use the final URL")


async def _request_to(
    client: httpx.AsyncClient, url: str, allow_private: bool, resolve: Resolve
) -> httpx.Request:
    """The request for one hop, bound to an address that was found harmless."""
    parsed = httpx.URL(url)
    possible = bool(parsed.host) and (parsed.port or 0) < 65_536
    if parsed.scheme not in {"http", "https"} or not possible:
        raise FetchFailed(f"{shown_url(url)} is no http or https URL", "use one, or a file")
    if parsed.userinfo:
        raise FetchFailed(
            f"{shown_url(url)} has a name or password in it", "use a URL that needs none, or a file"
        )
    headers = {"accept": "image/*", "accept-encoding": "identity"}
    address = await _checked_address(parsed, allow_private, resolve)
    if address is None:
        return client.build_request("GET", parsed, headers=headers)
    headers["host"] = parsed.netloc.decode("ascii")
    return client.build_request(
        "GET",
        parsed.copy_with(host=address),
        headers=headers,
        extensions={"sni_hostname": parsed.raw_host.decode("ascii")},
    )


async def _checked_address(url: httpx.URL, allow_private: bool, resolve: Resolve) -> str | None:
    """An address of the URL's host to connect to; None where a proxy will do it by name."""
    host = url.raw_host.decode("ascii").strip("[]")
    addresses: Sequence[str]
    if _is_address(host):
        addresses = [host]
    elif url.scheme in getproxies() and not proxy_bypass(host):
        return None
    else:
        try:
            addresses = await resolve(host, url.port or {"http": 80}.get(url.scheme, 443))
        except OSError as error:
            raise FetchFailed(f"the name {host} cannot be resolved", "check the URL") from error
    if not addresses:
        raise FetchFailed(f"the name {host} has no address", "check the URL")
    inside = next((each for each in addresses if not _is_public(each)), None)
    if inside is not None and not allow_private:
        raise FetchFailed(
            f"{shown_url(str(url))} points into a private network ({inside})",
            f"download the picture and name the file, or set {ALLOW_PRIVATE}=1",
        )
    return addresses[0]


async def _body(response: httpx.Response, url: str, limit_bytes: int) -> bytes:
    if response.status_code != httpx.codes.OK:
        raise FetchFailed(
            f"{shown_url(url)} answers {response.status_code} {response.reason_phrase}".rstrip(),
            "check the URL",
        )
    if response.headers.get("content-encoding", "identity") != "identity":
        raise FetchFailed(f"{shown_url(url)} answers with packed bytes", "use a file")
    length = response.headers.get("content-length", "")
    data = bytearray()
    if not (length.isascii() and length.isdigit() and int(length) > limit_bytes):
        async for piece in response.aiter_raw():
            data += piece
            if len(data) > limit_bytes:
                break
        else:
            return bytes(data)
    raise FetchFailed(
        f"{shown_url(url)} is larger than {limit_bytes / 1e6:,.0f} MB", "use a smaller picture"
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_public(address: str) -> bool:
    """Whether the address is one that anybody on the internet would reach."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    return ip.is_global and not ip.is_multicast
