"""What a fault script has in store for a job, told apart by a word that the job carries."""

from __future__ import annotations

from dataclasses import replace

from sora_batch.simulator.dialects.dialect import Dialect
from sora_batch.simulator.faults import Fault
from sora_batch.simulator.job import Job, Status

_STUCK, _FAIL, _PROMPT, _OUTPUT = "stuck", "fail", "moderate-prompt", "moderate-output"
_BLOCKED = "moderation_blocked"
_ERRORS = {
    _FAIL: ("video_generation_failed", "The simulator was told to fail this job."),
    _PROMPT: (_BLOCKED, "Your request was blocked by our moderation system."),
    _OUTPUT: (_BLOCKED, "The generated output was blocked by our moderation system."),
}


def fate_of(fault: Fault | None) -> str:
    """The word for it, "" for none."""
    if fault is None:
        return ""
    return f"{fault.do}-{fault.stage}" if fault.do == "moderate" else fault.do


def fate_in(dialect: Dialect, job: Job) -> str:
    """The word for what a server family has in store for every such job, "" for nothing."""
    renders = dialect.orders.renders
    return _FAIL if renders is not None and str(job.size) not in renders else ""


def is_endless(job: Job) -> bool:
    """Whether it will never be done."""
    return job.fate == _STUCK


def is_stopped_at_once(job: Job) -> bool:
    """Whether it fails before anything is rendered."""
    return job.fate == _PROMPT


def ending(job: Job) -> Job:
    """The job as it ends: completed, unless it has another fate."""
    if job.fate not in _ERRORS:
        return job
    code, words = _ERRORS[job.fate]
    return replace(job, status=Status.FAILED, error=words, error_code=code, clip="")
