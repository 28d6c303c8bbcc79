from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import httpx
import pytest

from sora_batch.media.fetch import FetchFailed, fetch

PNG = b"\x89PNG of the harbour"
PUBLIC = "93.184.215.14"


class Slow(httpx.AsyncByteStream):
    """A body whose second piece never comes."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.Event().wait()


class Names:
    """Resolves every name as told, and remembers who asked."""

    def __init__(self, **addresses: Sequence[str]) -> None:
        self.addresses = addresses
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(f"{host}:{port}")
        return self.addresses.get(host.partition(".")[0], [PUBLIC])


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def get(
    url: str,
    target: Path,
    answer: Callable[[httpx.Request], httpx.Response],
    *,
    limit_bytes: int = 1000,
    timeout_s: float = 5.0,
    allow_private: bool = False,
    names: Names | None = None,
) -> str:
    return asyncio.run(
        fetch(
            url,
            target,
            limit_bytes=limit_bytes,
            timeout_s=timeout_s,
            allow_private=allow_private,
            transport=httpx.MockTransport(answer),
            resolve=names or Names(),
        )
    )


def picture(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, stream=httpx.ByteStream(PNG))


def refusal(url: str, target: Path, **how: object) -> str:
    with pytest.raises(FetchFailed) as caught:
        get(url, target, **({"answer": picture} | how))  # type: ignore[arg-type]
    assert caught.value.fix
    assert not target.exists()
    return caught.value.message


def test_a_picture_is_written_whole_and_hashed(tmp_path: Path) -> None:
    target = tmp_path / "a.png"
    digest = get("https://pics.example/a.png", target, picture)
    assert target.read_bytes() == PNG
    assert digest == hashlib.sha256(PNG).hexdigest()
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_the_connection_goes_to_the_address_that_was_checked(tmp_path: Path) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return picture(request)

    names = Names()
    get("https://pics.example:8443/a.png?x=1", tmp_path / "a.png", answer, names=names)
    assert names.asked == ["pics.example:8443"]
    assert str(seen[0].url) == f"https://{PUBLIC}:8443/a.png?x=1"
    assert seen[0].headers["host"] == "pics.example:8443"
    assert seen[0].extensions["sni_hostname"] == "pics.example"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.png",
        "http://[::1]/a.png",
        "http://[::ffff:10.0.0.1]/a.png",
        "http://169.254.169.254/latest/meta-data/",
        "http://192.168.1.1/",
        "http://0.0.0.0/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://[2002:7f00:1::]/",
        "http://inside.example/a.png",
        "http://mixed.example/a.png",
    ],
)
def test_an_address_inside_the_own_network_is_refused(url: str, tmp_path: Path) -> None:
    names = Names(inside=["10.1.2.3"], mixed=[PUBLIC, "fe80::1%eth0"])
    assert "private network" in refusal(url, tmp_path / "a.png", names=names)


def test_an_address_inside_the_own_network_may_be_allowed(tmp_path: Path) -> None:
    get("http://127.0.0.1:9/a.png", tmp_path / "a.png", picture, allow_private=True)
    assert (tmp_path / "a.png").read_bytes() == PNG


def test_redirects_are_followed_and_each_hop_is_checked(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/a":
            return httpx.Response(302, headers={"location": "/b"})
        return picture(request)

    names = Names()
    get("https://pics.example/a", tmp_path / "a.png", answer, names=names)
    assert names.asked == ["pics.example:443", "pics.example:443"]


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://169.254.169.254/latest", "private network"),
        ("file:///etc/passwd", "no http or https URL"),
        ("https://pics.example/a", "one redirect too many"),
    ],
)
def test_a_redirect_leads_nowhere_else(location: str, words: str, tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"location": location})

    assert words in refusal("https://pics.example/a", tmp_path / "a.png", answer=answer)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://pics.example/a.png", "ftp://pics.example/a.png is no http or https URL"),
        ("https:///a.png", "no http or https URL"),
        ("https://me:secret@pics.example/a.png", "has a name or password in it"),
        ("https://pics.example:99999/", "no http or https URL"),
    ],
)
def test_a_url_that_will_not_do_is_refused(url: str, words: str, tmp_path: Path) -> None:
    message = refusal(url, tmp_path / "a.png")
    assert words in message
    assert "secret" not in message


def test_what_may_be_secret_in_a_url_is_not_shown(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(403)

    message = refusal("https://pics.example/a.png?sig=abc", tmp_path / "a.png", answer=answer)
    assert message == "https://pics.example/a.png answers 403 Forbidden"


@pytest.mark.parametrize("headers", [{}, {"content-length": "2000"}])
def test_too_many_bytes_are_refused_whatever_was_announced(
    headers: dict[str, str], tmp_path: Path
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(bytes(2000)))

    message = refusal("https://pics.example/a", tmp_path / "a.png", answer=answer, limit_bytes=1999)
    assert "larger than" in message


def test_packed_bytes_are_not_unpacked(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-encoding": "br"}, content=b"")

    assert "packed bytes" in refusal("https://pics.example/a", tmp_path / "a.png", answer=answer)


def test_an_answer_that_never_ends_is_given_up(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Slow())

    message = refusal("https://pics.example/a", tmp_path / "a.png", answer=answer, timeout_s=0.05)
    assert message == "https://pics.example/a did not arrive within 0.05 s"


def test_a_connection_that_fails_is_told(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    message = refusal("https://pics.example/a", tmp_path / "a.png", answer=answer)
    assert message == "https://pics.example/a cannot be fetched: connection refused"


def test_a_name_nobody_knows_is_told(tmp_path: Path) -> None:
    async def nobody(host: str, port: int) -> Sequence[str]:
        raise OSError("Name or service not known")

    message = refusal("https://pics.example/a", tmp_path / "a.png", names=nobody)
    assert message == "the name pics.example cannot be resolved"


def test_behind_a_proxy_the_name_is_the_proxys_to_resolve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    names = Names()
    get("https://pics.example/a", tmp_path / "a.png", picture, names=names)
    assert names.asked == []
    assert "private" in refusal("https://10.0.0.1/a", tmp_path / "b.png")
