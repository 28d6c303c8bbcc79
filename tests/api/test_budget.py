"""What is said where a budget does not allow a run."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

import sora_batch
from sora_batch.api.executing import require_budget
from sora_batch.errors import BudgetExceeded
from sora_batch.planning.plan import Action

MANIFEST = """\
version: 1
name: harbour
provider: paid
budget: 0.50
defaults: {model: sketch, size: 64x64, seconds: 1}
providers: {paid: {kind: local, price_per_second: 0.40}}
shots: {hero: A harbour at dawn., storm: Dark clouds., calm: The sea at rest.}
"""


@pytest.mark.parametrize("action", [Action.MAKE, Action.RESUME])
def test_what_is_on_its_way_can_be_fetched_all_the_same(tmp_path: Path, action: Action) -> None:
    (tmp_path / "m.yaml").write_text(MANIFEST, encoding="utf-8")
    plan = sora_batch.plan(sora_batch.load(tmp_path / "m.yaml"))
    first, *others = plan.steps
    plan = replace(
        plan, steps=(replace(first, action=action), *others), estimate_usd=Decimal("0.80")
    )
    with pytest.raises(BudgetExceeded) as refused:
        require_budget(plan)
    assert ("--select state:resume" in (refused.value.fix or "")) == (action is Action.RESUME)
