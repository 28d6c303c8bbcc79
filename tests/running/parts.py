"""Parts for tests of a run: a clock that needs no time, a provider that does as it is told."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from sora_batch.catalog import load_catalog
from sora_batch.engines import local_engine
from sora_batch.events import Event, Observer
from sora_batch.manifest.settings import Limits, Manifest, ProviderSettings
from sora_batch.outputs import Outputs
from sora_batch.planning import make_plan
from sora_batch.planning.capabilities import Capabilities, Listing
from sora_batch.planning.plan import Plan
from sora_batch.problems import Where
from sora_batch.providers.provider import JobList, JobReport, JobStatus, RenderRequest
from sora_batch.records import Attempt, Ledger
from sora_batch.running import RunReport, execute
from sora_batch.shots import JobId, Shot, ShotId, Size, Source
from sora_batch.simulator.encode import encode_plain
from sora_batch.store import open_store

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SIZE = Size(64, 64)


class FastClock:
    """A clock that sleeps by moving on."""

    def __init__(self) -> None:
        self.passed_s = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        return self.passed_s

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.passed_s += seconds

    def advance(self, seconds: float) -> None:
        self.passed_s += seconds


Answer = Exception | JobReport | Callable[[], JobReport]


class ScriptedProvider:
    """Does what its script says for a shot, in order; what is not scripted succeeds.

    `orders`, `polls` and `downloads` are what it is asked, as `(shot id, answers left)`.
    """

    kind = "scripted"
    base_url = "http://scripted/v1"
    poll_floor_s = 1.0

    def __init__(self, clip: Path, *, self_hosted: bool = False) -> None:
        self.capabilities = Capabilities(
            remix=True, any_model=True, self_hosted=self_hosted, listing=Listing.NONE
        )
        self._clip = clip
        self.orders: list[RenderRequest] = []
        self.on_submit: dict[str, list[Exception | None]] = defaultdict(list)
        self.on_poll: dict[str, list[Exception | JobStatus]] = defaultdict(list)
        self.on_download: dict[str, list[Exception | bytes]] = defaultdict(list)
        self.report: dict[str, dict[str, object]] = defaultdict(dict)
        self.rendering: set[JobId] = set()
        self.most_at_once = 0
        self._shots: dict[JobId, str] = {}

    async def submit(self, request: RenderRequest) -> JobReport:
        self.orders.append(request)
        number = len(self.orders)
        await asyncio.sleep(0)
        told = self.on_submit[request.label].pop(0) if self.on_submit[request.label] else None
        if told is not None:
            raise told
        job = JobId(f"job-{number}")
        self._shots[job] = request.label
        self.rendering.add(job)
        self.most_at_once = max(self.most_at_once, len(self.rendering))
        return JobReport(id=job, status=JobStatus.QUEUED, raw_status="queued")

    def knows(self, job: JobId, shot: str) -> None:
        """A job that an earlier run left here."""
        self._shots[job] = shot
        self.rendering.add(job)

    async def poll(self, job: JobId) -> JobReport:
        await asyncio.sleep(0)
        shot = self._shots[job]
        told = self.on_poll[shot].pop(0) if self.on_poll[shot] else JobStatus.COMPLETED
        if isinstance(told, Exception):
            raise told
        if told not in {JobStatus.QUEUED, JobStatus.RENDERING}:
            self.rendering.discard(job)
        extra = self.report[shot] if told in {JobStatus.COMPLETED, JobStatus.FAILED} else {}
        return JobReport(id=job, status=told, raw_status=told.value, **extra)  # type: ignore[arg-type]

    async def download(self, job: JobId, target: Path, *, limit_bytes: int) -> int:
        await asyncio.sleep(0)
        shot = self._shots[job]
        told = self.on_download[shot].pop(0) if self.on_download[shot] else None
        if isinstance(told, Exception):
            raise told
        data = told if told is not None else self._clip.read_bytes()
        target.write_bytes(data)
        return min(len(data), limit_bytes)

    async def thumbnail(self, job: JobId, target: Path) -> bool:
        return False

    async def list_jobs(
        self, limit: int, *, since: datetime | None = None, after: JobId | None = None
    ) -> JobList:
        return JobList()

    async def delete(self, job: JobId) -> None:
        self.rendering.discard(job)

    async def close(self) -> None:
        return None


class ListingProvider(ScriptedProvider):
    """A server that lists its jobs with all that was ordered.

    `accepts` are the exceptions of the script that come after the job was made. `hidden` are jobs
    that the list leaves out, `extra` further ones that it shows. `ahead_s` is its clock.
    """

    def __init__(self, clip: Path, clock: FastClock, **more: bool) -> None:
        super().__init__(clip, **more)
        self.capabilities = replace(self.capabilities, listing=Listing.PROMPTS, settle_s=30.0)
        self.clock = clock
        self.ahead_s: float | None = 0.0
        self.listed: dict[JobId, JobReport] = {}
        self.hidden: set[JobId] = set()
        self.extra: list[JobReport] = []
        self.whole = True
        self.looks: list[datetime] = []
        self.on_list: list[Exception] = []

    async def submit(self, request: RenderRequest) -> JobReport:
        told = self.on_submit[request.label]
        lost = told.pop(0) if told and isinstance(told[0], AcceptedAllTheSame) else None
        report = await super().submit(request)
        self.listed[report.id] = self.job(report.id, request)
        if isinstance(lost, AcceptedAllTheSame):
            raise lost.then
        return report

    def job(self, job: JobId, request: RenderRequest) -> JobReport:
        """How the list shows the order."""
        moment = self.clock.now() + timedelta(seconds=self.ahead_s or 0.0)
        return JobReport(
            id=job,
            status=JobStatus.RENDERING,
            raw_status="in_progress",
            created_at=moment.replace(microsecond=0),
            prompt=request.prompt,
            model=request.model,
            size=str(request.size),
            seconds=str(request.seconds),
            source_job=request.source_job,
        )

    async def list_jobs(
        self, limit: int, *, since: datetime | None = None, after: JobId | None = None
    ) -> JobList:
        self.looks.append(self.clock.now())
        await asyncio.sleep(0)
        if self.on_list:
            raise self.on_list.pop(0)
        jobs = [
            replace(job, status=self._status(job.id))
            for job in (*self.listed.values(), *self.extra)
            if job.id not in self.hidden
        ]
        return JobList(jobs=tuple(reversed(jobs))[:limit], whole=self.whole, ahead_s=self.ahead_s)

    def _status(self, job: JobId) -> JobStatus:
        """As the script says for a poll; an exception there is nothing that a list shows."""
        if job not in self._shots:
            return JobStatus.RENDERING
        script = self.on_poll[self._shots[job]]
        if script and isinstance(script[0], Exception):
            return JobStatus.RENDERING
        told = script.pop(0) if script else JobStatus.COMPLETED
        return told if isinstance(told, JobStatus) else JobStatus.RENDERING


class AcceptedAllTheSame(Exception):
    """The server makes the job, and `then` is what the client gets to see."""

    def __init__(self, then: BaseException) -> None:
        super().__init__(str(then))
        self.then = then


def shot(name: str, *, remix_of: str | None = None, needs: Sequence[str] = ()) -> Shot:
    where = Where("m.yaml", 1, 1)
    source = Source("remix", shot=ShotId(remix_of)) if remix_of else None
    return Shot(
        id=ShotId(name),
        spec=name,
        where=where,
        prompt=f"prompt of {name}",
        model="m",
        size=SIZE,
        seconds=Decimal(1),
        source=source,
        needs=tuple(ShotId(need) for need in needs),
    )


def order_of(name: str) -> RenderRequest:
    """What a run sends for the shot, as far as a list shows it."""
    ordered = shot(name)
    return RenderRequest(
        key="", prompt=ordered.prompt, model="m", size=ordered.size, seconds=ordered.seconds
    )


class Bench:
    """A folder with a store, a scripted provider, and runs over them."""

    provider: ScriptedProvider

    def __init__(self, folder: Path, shots: Sequence[Shot], **provider: bool) -> None:
        clip = folder / "clip.mp4"
        encode_plain(clip, SIZE, 24)
        self.clock = FastClock()
        self.provider = self._provider(clip, **provider)
        self.outputs = Outputs(folder / "out")
        self.events: list[Event] = []
        self.observe: Observer = lambda _: None
        self.manifest = Manifest(
            name="m",
            file=folder / "m.yaml",
            folder=folder,
            sha256="0" * 64,
            provider=ProviderSettings(
                name="scripted", kind="litellm", price_per_second=Decimal("0.10")
            ),
            output=folder / "out",
            shots=tuple(shots),
            limits=Limits(concurrency=4),
        )

    def _provider(self, clip: Path, **provider: bool) -> ScriptedProvider:
        return ScriptedProvider(clip, **provider)

    async def run(self, *, keep_going: bool = True, stop: asyncio.Event | None = None) -> RunReport:
        self.outputs.ensure()
        store = open_store(self.outputs.folder, clock=self.clock)
        engine = local_engine(2)
        try:
            self.plan = self._plan_with(store.history(intact=self.outputs.intact))
            return await execute(
                self.plan,
                store=store,
                outputs=self.outputs,
                provider=self.provider,
                engine=engine,
                clock=self.clock,
                observers=(self.events.append, self.observe),
                keep_going=keep_going,
                stop=stop,
            )
        finally:
            await engine.close()
            await store.close()

    def _plan_with(self, history: object) -> Plan:
        return make_plan(
            self.manifest,
            history,  # type: ignore[arg-type]
            load_catalog(),
            self.provider.capabilities,
            pictures={},
            today=date(2026, 11, 23),
            base_url=self.provider.base_url,
        )

    async def recorded(self) -> tuple[list[Attempt], Ledger]:
        store = open_store(self.outputs.folder, clock=self.clock)
        try:
            return store.attempts(), store.ledger()
        finally:
            await store.close()


class ListingBench(Bench):
    """The same with a server that lists its jobs."""

    provider: ListingProvider

    def _provider(self, clip: Path, **provider: bool) -> ScriptedProvider:
        return ListingProvider(clip, self.clock, **provider)
