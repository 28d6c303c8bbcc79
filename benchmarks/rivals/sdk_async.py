"""What a sensible user writes with the official SDK's asynchronous client and a semaphore; started
again, it skips the shots whose clip is there.

python sdk_async.py WORK.json [--aiohttp] [--stream]

--aiohttp takes the transport the SDK recommends for many requests at once.
--stream writes clips to disk as they arrive, where the documented way holds them in memory.
It runs in an environment of its own and knows nothing of the project.
"""

from __future__ import annotations

import asyncio
import json
import sys
import warnings
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI, DefaultAioHttpClient

AIOHTTP, STREAM = "--aiohttp" in sys.argv, "--stream" in sys.argv


class Failed(Exception):
    """A job that did not end as it should."""


async def fetch(client: AsyncOpenAI, job_id: str, part: Path) -> None:
    """Downloads a clip."""
    if STREAM:
        asked = client.videos.with_streaming_response.download_content(job_id)
        async with asked as answer:
            await answer.stream_to_file(part)
    else:
        (await client.videos.download_content(job_id)).write_to_file(part)


async def make(client: AsyncOpenAI, work: dict[str, Any], shot: dict[str, str]) -> bool:
    """Whether the shot's clip is there."""
    clip = Path("clips", f"{shot['id']}.mp4")
    if clip.exists():
        return True
    order = {name: work[name] for name in ("model", "size", "seconds")}
    try:
        job = await client.videos.create_and_poll(prompt=shot["prompt"], **order)
        if job.status != "completed":
            raise Failed(job.status)
        await fetch(client, job.id, clip.with_suffix(".part"))
        clip.with_suffix(".part").replace(clip)
    except Exception as error:  # noqa: BLE001 - one shot's bad luck is not the others'
        print(f"{shot['id']}: {error!r}", file=sys.stderr)
        return False
    return True


async def main() -> None:
    work = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Path("clips").mkdir(exist_ok=True)
    http = DefaultAioHttpClient() if AIOHTTP else None
    places = asyncio.Semaphore(work["concurrency"])

    async def in_turn(shot: dict[str, str]) -> bool:
        async with places:
            return await make(client, work, shot)

    async with AsyncOpenAI(base_url=work["base_url"], api_key="any", http_client=http) as client:
        made = await asyncio.gather(*(in_turn(shot) for shot in work["shots"]))
    sys.exit(0 if all(made) else 1)


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)
    asyncio.run(main())
