"""Runs a plan: opens what it needs, in the order in which things can be refused, and closes it."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal

from sora_batch.api.secrets import environment_for, needs_server
from sora_batch.clock import Clock, SystemClock
from sora_batch.engines import local_engine
from sora_batch.engines.engine import Engine
from sora_batch.errors import BudgetExceeded, ConsentNeeded, UsageError
from sora_batch.events import Observer, RunNotice
from sora_batch.outputs import Outputs
from sora_batch.planning.plan import Action, Plan
from sora_batch.providers import opener
from sora_batch.providers.closed import ClosedProvider
from sora_batch.providers.provider import Provider
from sora_batch.running import RunReport, execute
from sora_batch.store import Store, open_store
from sora_batch.views.text import dollars

__all__ = ["RunReport", "require_budget", "require_consent", "run", "run_sync"]

_TERMINATED_AFTER_S = 2.0
_SPARED_S = 3600.0
_ON_ITS_WAY = "; what is ordered already is fetched by `--select state:resume`"
_STOPPING = "stopping: nothing new is ordered, downloads finish; Ctrl-C again leaves at once"


async def run(
    plan: Plan,
    *,
    observers: Sequence[Observer] = (),
    keep_going: bool = True,
    accept_price: Decimal | None = None,
    stop: asyncio.Event | None = None,
    clock: Clock | None = None,
) -> RunReport:
    """Executes the plan and says how it ended.

    `accept_price` is the most, in USD, that somebody has agreed to for what the plan makes; it may
    be left out where the price is known and zero. Setting `stop` lets nothing new start: downloads
    finish, what is rendering stays the server's and is picked up by the next run. With
    `keep_going` False, the first failure stops the run.

    Raises ConsentNeeded, BudgetExceeded, StoreBusy, StoreBroken, OutputUnusable, UsageError (the
    plan is out of date, a key is missing), all before anything is sent.
    """
    require_consent(plan, accept_price)
    require_budget(plan)
    clock = clock or SystemClock()
    outputs = Outputs(plan.manifest.output)
    outputs.ensure()
    async with _opened(plan, outputs, clock) as (store, engine, provider):
        return await execute(
            plan,
            store=store,
            outputs=outputs,
            provider=provider,
            engine=engine,
            clock=clock,
            observers=observers,
            keep_going=keep_going,
            stop=stop,
        )


@asynccontextmanager
async def _opened(
    plan: Plan, outputs: Outputs, clock: Clock
) -> AsyncIterator[tuple[Store, Engine, Provider]]:
    """What a run needs, in the order in which it can be refused."""
    async with AsyncExitStack() as stack:
        store = open_store(plan.manifest.output, clock=clock)
        stack.push_async_callback(store.close)
        _up_to_date(plan, store)
        _clean(outputs, store)
        engine = local_engine()
        stack.push_async_callback(engine.close)
        provider = await _provider(plan, outputs, clock)
        stack.push_async_callback(provider.close)
        yield store, engine, provider


async def _provider(plan: Plan, outputs: Outputs, clock: Clock) -> Provider:
    """The plan's server; where nothing will be asked of it, only what is known of it."""
    settings = plan.manifest.provider
    if not needs_server(plan):
        return ClosedProvider(settings)
    return await opener()(
        settings,
        environment=environment_for(plan.manifest.file),
        local_folder=outputs.local_folder,
        clock=clock,
    )


def run_sync(
    plan: Plan,
    *,
    observers: Sequence[Observer] = (),
    keep_going: bool = True,
    accept_price: Decimal | None = None,
) -> RunReport:
    """`run` for programs without an event loop, and for terminals.

    Ctrl-C once: nothing new is submitted, downloads finish. Twice: out at once. SIGTERM: as once,
    without waiting for downloads. Raises what `run` raises, and KeyboardInterrupt when it was told
    to leave at once.
    """
    try:
        return asyncio.run(
            _run_until_told(
                plan, observers=observers, keep_going=keep_going, accept_price=accept_price
            )
        )
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _run_until_told(
    plan: Plan,
    *,
    observers: Sequence[Observer],
    keep_going: bool,
    accept_price: Decimal | None,
) -> RunReport:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    work = asyncio.ensure_future(
        run(
            plan,
            observers=observers,
            keep_going=keep_going,
            accept_price=accept_price,
            stop=stop,
        )
    )

    def interrupted() -> None:
        if stop.is_set():
            work.cancel()
        stop.set()
        for observer in observers:
            observer(RunNotice(_STOPPING))

    def terminated() -> None:
        stop.set()
        loop.call_later(_TERMINATED_AFTER_S, work.cancel)

    _on_signal(signal.SIGINT, interrupted)
    _on_signal(signal.SIGTERM, terminated)
    return await work


def _on_signal(number: signal.Signals, act: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(number, act)
    except (NotImplementedError, RuntimeError):
        # Windows has no handlers in its loop, threads other than the main one have none at all.
        if _is_main_thread():
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(act))


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def require_consent(plan: Plan, accept_price: Decimal | None) -> None:
    """Raises ConsentNeeded where the plan comes to more than somebody has agreed to."""
    is_priced = plan.estimate_usd > 0
    if accept_price is None and (is_priced or plan.unpriced):
        price = dollars(plan.estimate_usd) if is_priced else "a price nobody knows"
        raise ConsentNeeded(
            f"this run would cost {price}, and nobody has agreed to it",
            fix="agree to it: --yes on the command line, `accept_price` from Python",
        )
    if accept_price is not None and plan.estimate_usd > accept_price:
        raise ConsentNeeded(
            f"this run would cost {dollars(plan.estimate_usd)}; "
            f"{dollars(accept_price)} was agreed to",
            fix="plan again and agree to its price",
        )


def _up_to_date(plan: Plan, store: Store) -> None:
    if store.as_of() != plan.as_of:
        raise UsageError(
            "the plan is out of date: another run has changed what is finished since",
            fix="plan again; nothing was run and nothing was spent",
        )


def _clean(outputs: Outputs, store: Store) -> None:
    """Removes what a run that was killed has left half-written."""
    final = [a.id for a in store.attempts() if a.state.final] if outputs.parts() else []
    outputs.clean(final, spared_s=_SPARED_S)


def require_budget(plan: Plan) -> None:
    """Raises BudgetExceeded where the plan comes to more than the budget leaves."""
    budget = plan.manifest.budget
    if budget is None or not any(step.action is Action.MAKE for step in plan.steps):
        return
    left = budget - plan.ledger.committed
    if plan.estimate_usd > left:
        raise BudgetExceeded(
            f"this run would cost {dollars(plan.estimate_usd)}, and the budget of "
            f"{dollars(budget)} has {dollars(max(left, Decimal(0)))} left",
            fix="choose fewer shots with --select, a cheaper profile, or raise the budget"
            + (_ON_ITS_WAY if any(step.action is Action.RESUME for step in plan.steps) else ""),
        )
