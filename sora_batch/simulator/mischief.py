"""Carries a fault script out: which rule applies to a request, and what the client then sees.

The rules decide on values (which operation, whose job, how often so far); `broken_answers.py` makes
the answers. It counts what was asked and what was done to whom.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

from sora_batch.simulator.fates import fate_of
from sora_batch.simulator.faults import Fault, FaultScript
from sora_batch.simulator.job import Job


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a request is about: the job's id (an order's prompt) and the prompt."""

    key: str = ""
    prompt: str = ""


class Mischief:
    """One script at work. `requests` counts by operation, `done` by what a rule did."""

    def __init__(self, script: FaultScript) -> None:
        self._script = script
        self._fitting: Counter[int] = Counter()
        self._fired: Counter[int] = Counter()
        self._fired_at: Counter[tuple[int, str]] = Counter()
        self.requests: Counter[str] = Counter()
        self.done: Counter[str] = Counter()

    @property
    def is_planned(self) -> bool:
        """Whether anything can go wrong at all."""
        return bool(self._script.faults)

    def early(self, operation: str, subject: Subject) -> Fault | None:
        """What happens to a request before the server does what it asks."""
        return self._next(operation, subject, late=False)

    def late(self, operation: str, subject: Subject) -> Fault | None:
        """What happens to the answer once the server has done what was asked."""
        return self._next(operation, subject, late=True)

    def fate(self, job: Job) -> str:
        """What will become of a job that is being accepted, as a word; "" for nothing unusual."""
        subject = Subject(job.prompt, job.prompt)
        for place, fault in enumerate(self._script.faults):
            if fault.is_fate and self._applies(place, fault, subject):
                return fate_of(fault)
        return ""

    def _next(self, operation: str, subject: Subject, *, late: bool) -> Fault | None:
        for place, fault in enumerate(self._script.faults):
            fits = fault.operation == operation and fault.is_late is late and not fault.is_fate
            if fits and self._applies(place, fault, subject):
                return fault
        return None

    def _applies(self, place: int, fault: Fault, subject: Subject) -> bool:
        if fault.prompt not in subject.prompt:
            return False
        self._fitting[place] += 1
        number, at = self._fitting[place], (place, subject.key)
        if number <= fault.after or _reached(self._fired[place], fault.times):
            return False
        if _reached(self._fired_at[at], fault.first):
            return False
        draw = random.Random(f"fault/{self._script.seed}/{place}/{number}")  # noqa: S311
        if draw.random() >= fault.chance:
            return False
        self._fired[place] += 1
        self._fired_at[at] += 1
        self.done[f"{fault.operation}: {fault.do}"] += 1
        return True


def _reached(count: int, most: int | None) -> bool:
    return most is not None and count >= most
