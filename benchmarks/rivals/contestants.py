"""Who is held side by side: how each is set up and started, and which clips it delivered.

All get the same shots, the same number at once and the same server. Each is started again by the
same command, and skips by its own means what it has: the SDK's scripts what is on disk, promptfoo
what is in its cache, sora-batch what is in its store.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import PROGRAM
from benchmarks.rivals.tools import Tools

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
MODEL, SIZE, SECONDS = "sora-2", "1280x720", 4
PRICE_PER_SECOND = "0.10"
POLL_MS = 1000
"""The SDK's own pause between polls; promptfoo's is 10 s unless it is told."""

_EVALUATE = "eval -c eval.json -o results.json --no-table --no-progress-bar --no-share".split()
_MANIFEST = """\
version: 1
name: bench
provider: box
limits: {{concurrency: {concurrency}}}
defaults: {{model: {model}, size: {size}, seconds: {seconds}}}
providers:
  box: {{kind: openai, base_url: "{url}", price_per_second: {price}}}
shots:
"""


@dataclass(frozen=True, slots=True)
class Work:
    """What all of them are to make: so many shots, so many at once, on the server at `url`."""

    shots: int
    concurrency: int
    url: str

    @property
    def prompts(self) -> Mapping[str, str]:
        """The prompt of each shot, by its id."""
        return {f"shot-{n}": f"Take {n} of a trail shoe on a ridge." for n in range(self.shots)}


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way to get the work done.

    `prepare` writes what it reads into a folder. `command` is started there, in `environment` on
    top of this process's. `clips` are the files it counts as delivered, by shot id.
    """

    name: str
    command: tuple[str, ...]
    prepare: Callable[[Work, Path], None]
    clips: Callable[[Work, Path], Mapping[str, Path]]
    environment: Mapping[str, str]


def contestants(tools: Tools) -> Mapping[str, Contestant]:
    """Everybody, by a short name."""
    python = str(tools.python)

    def sdk(name: str, script: str, *options: str) -> Contestant:
        command = (python, str(HERE / script), "work.json", *options)
        return Contestant(name, command, _work_file, _clips_on_disk, {})

    threads, coroutines = "sdk_threads.py", "sdk_async.py"
    return {
        "sora-batch": Contestant(
            "sora-batch",
            (*PROGRAM, "run", "bench.yaml", "--yes"),
            _manifest,
            _kept_clips,
            {"PYTHONPATH": str(ROOT)},
        ),
        "threads": sdk("openai, threads", threads),
        "threads-ids": sdk("openai, threads, job ids noted", threads, "--note-ids"),
        "threads-stream": sdk("openai, threads, streamed", threads, "--stream"),
        "async": sdk("AsyncOpenAI", coroutines),
        "async-aiohttp": sdk("AsyncOpenAI on aiohttp", coroutines, "--aiohttp"),
        "async-stream": sdk("AsyncOpenAI, streamed", coroutines, "--stream"),
        "promptfoo": Contestant(
            "promptfoo",
            (*tools.promptfoo, *_EVALUATE),
            _evaluation,
            _stored_videos,
            {
                "PROMPTFOO_CONFIG_DIR": "promptfoo",
                "PROMPTFOO_DISABLE_TELEMETRY": "1",
                "PROMPTFOO_DISABLE_UPDATE": "1",
                # Else every clip goes into its log, too, as text.
                "PROMPTFOO_DISABLE_DEBUG_LOG": "1",
                "NODE_NO_WARNINGS": "1",
            },
        ),
    }


def _manifest(work: Work, folder: Path) -> None:
    head = _MANIFEST.format(
        concurrency=work.concurrency,
        model=MODEL,
        size=SIZE,
        seconds=SECONDS,
        url=work.url,
        price=PRICE_PER_SECOND,
    )
    shots = [f'  {shot}: {{prompt: "{prompt}"}}\n' for shot, prompt in work.prompts.items()]
    (folder / "bench.yaml").write_text(head + "".join(shots), encoding="utf-8")


def _kept_clips(work: Work, folder: Path) -> Mapping[str, Path]:
    return _there(work, folder / "outputs" / "bench")


def _work_file(work: Work, folder: Path) -> None:
    told = {
        "base_url": work.url,
        "concurrency": work.concurrency,
        "model": MODEL,
        "size": SIZE,
        "seconds": str(SECONDS),
        "shots": [{"id": shot, "prompt": prompt} for shot, prompt in work.prompts.items()],
    }
    (folder / "work.json").write_text(json.dumps(told), encoding="utf-8")


def _clips_on_disk(work: Work, folder: Path) -> Mapping[str, Path]:
    return _there(work, folder / "clips")


def _there(work: Work, clips: Path) -> Mapping[str, Path]:
    named = {shot: clips / f"{shot}.mp4" for shot in work.prompts}
    return {shot: path for shot, path in named.items() if path.exists()}


def _evaluation(work: Work, folder: Path) -> None:
    provider = {
        "id": f"openai:video:{MODEL}",
        "config": {
            "apiBaseUrl": work.url,
            # With a key and a server that is not OpenAI's it would not use its cache.
            "apiKeyRequired": False,
            "size": SIZE,
            "seconds": SECONDS,
            "poll_interval_ms": POLL_MS,
            "download_thumbnail": False,
            "download_spritesheet": False,
        },
    }
    told = {
        "prompts": ["{{prompt}}"],
        "providers": [provider],
        "evaluateOptions": {"maxConcurrency": work.concurrency},
        "tests": [
            {"description": shot, "vars": {"prompt": prompt}}
            for shot, prompt in work.prompts.items()
        ],
    }
    (folder / "eval.json").write_text(json.dumps(told), encoding="utf-8")


def _stored_videos(work: Work, folder: Path) -> Mapping[str, Path]:
    results = folder / "results.json"
    if not results.exists():
        return {}
    shots = {prompt: shot for shot, prompt in work.prompts.items()}
    found: dict[str, Path] = {}
    for one in json.loads(results.read_text(encoding="utf-8"))["results"]["results"]:
        video = (one.get("response") or {}).get("video")
        if video:
            path = folder / "promptfoo" / "media" / video["storageRef"]["key"]
            found[shots[one["vars"]["prompt"]]] = path
    return found
