"""Turns the limits of a manifest into settings, and lengths of time into seconds."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Final

from sora_batch.manifest.document import Node
from sora_batch.manifest.schema import LimitsSpec
from sora_batch.manifest.settings import Limits, ModelLimit
from sora_batch.problems import Problem, Where

LONGEST: Final = timedelta(days=365)

_PART: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BY_DEFAULT: Final = Limits()


def duration(text: str) -> timedelta:
    """The length of time `90s`, `30m`, `2h`, `1d` or `1h30m` stands for.

    What is longer than `LONGEST` comes back as a moment more than that.
    """
    seconds = sum(
        (Decimal(amount) * _SECONDS[unit] for amount, unit in _PART.findall(text)), Decimal(0)
    )
    most = Decimal(LONGEST.total_seconds())
    return timedelta(seconds=float(seconds)) if seconds <= most else LONGEST + timedelta(seconds=1)


def limits_of(
    spec: LimitsSpec | None, root: Node, concurrency: int | None = None
) -> tuple[Limits, list[Problem]]:
    """The limits, with those of the command line over those of the manifest."""
    problems: list[Problem] = []
    spec = spec or LimitsSpec()
    timeout = _BY_DEFAULT.render_timeout
    if spec.render_timeout is not None:
        timeout = duration(spec.render_timeout)
        if not timedelta(0) < timeout <= LONGEST:
            message = "`render_timeout` is zero" if not timeout else "`render_timeout` is too long"
            where = root.place(("limits", "render_timeout"))
            problems.append(Problem(message, where, "value", "write it like 90s, 30m or 2h"))
            timeout = _BY_DEFAULT.render_timeout
    if concurrency is not None and concurrency < 1:
        message = "at least one job has to be allowed at once"
        problems.append(Problem(message, Where("--concurrency"), "value", "write 1 or more"))
        concurrency = None
    models = {
        name: ModelLimit(concurrency=each.concurrency, requests_per_minute=each.requests_per_minute)
        for name, each in spec.models.items()
    }
    limits = Limits(
        concurrency=concurrency or spec.concurrency or _BY_DEFAULT.concurrency,
        requests_per_minute=spec.requests_per_minute,
        models=models,
        attempts=spec.attempts or _BY_DEFAULT.attempts,
        render_timeout=timeout,
    )
    return limits, problems
