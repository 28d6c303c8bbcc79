"""What a sensible user writes with the official SDK and a pool of threads; started again, it skips
the shots whose clip is there.

python sdk_threads.py WORK.json [--note-ids] [--stream]

--note-ids writes each job's id down before it is polled, and goes on with it when started again.
--stream writes clips to disk as they arrive, where the documented way holds them in memory.
It runs in an environment of its own and knows nothing of the project.
"""

from __future__ import annotations

import json
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from openai import OpenAI

NOTE_IDS, STREAM = "--note-ids" in sys.argv, "--stream" in sys.argv


class Failed(Exception):
    """A job that did not end as it should."""


def job_of(client: OpenAI, work: dict[str, Any], shot: dict[str, str], folder: Path) -> Any:
    """The job, over."""
    order = {name: work[name] for name in ("model", "size", "seconds")}
    if not NOTE_IDS:
        return client.videos.create_and_poll(prompt=shot["prompt"], **order)
    note = folder / f"{shot['id']}.job"
    if not note.exists():
        job = client.videos.create(prompt=shot["prompt"], **order)
        part = note.with_suffix(".note")
        part.write_text(job.id, encoding="utf-8")
        part.replace(note)
    return client.videos.poll(note.read_text(encoding="utf-8"))


def make(client: OpenAI, work: dict[str, Any], shot: dict[str, str], folder: Path) -> bool:
    """Whether the shot's clip is there."""
    clip = folder / f"{shot['id']}.mp4"
    if clip.exists():
        return True
    part = clip.with_suffix(".part")
    try:
        job = job_of(client, work, shot, folder)
        if job.status != "completed":
            (folder / f"{shot['id']}.job").unlink(missing_ok=True)
            raise Failed(job.status)
        if STREAM:
            with client.videos.with_streaming_response.download_content(job.id) as answer:
                answer.stream_to_file(part)
        else:
            client.videos.download_content(job.id).write_to_file(part)
        part.replace(clip)
    except Exception as error:  # noqa: BLE001 - one shot's bad luck is not the others'
        print(f"{shot['id']}: {error!r}", file=sys.stderr)
        return False
    return True


def main() -> None:
    work = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    folder = Path("clips")
    folder.mkdir(exist_ok=True)
    client = OpenAI(base_url=work["base_url"], api_key="any")
    with ThreadPoolExecutor(work["concurrency"]) as pool:
        made = list(pool.map(lambda shot: make(client, work, shot, folder), work["shots"]))
    sys.exit(0 if all(made) else 1)


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)
    main()
