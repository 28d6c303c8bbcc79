"""`doctor`: what stands between a person and a first clip, found without spending anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sora_batch.api.aside import run_aside
from sora_batch.api.loading import load
from sora_batch.api.secrets import environment_for
from sora_batch.catalog import load_catalog
from sora_batch.clock import SystemClock
from sora_batch.errors import UsageError
from sora_batch.manifest.settings import ProviderSettings
from sora_batch.planning.capabilities import Capabilities, Listing
from sora_batch.providers import address_of, dialect_of
from sora_batch.providers.keys import key_of
from sora_batch.providers.opening import open_connection
from sora_batch.providers.probing import Probe, probe

_MOST_MODELS = 5
_CLOCK_OFF_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at. `ok` is None where it says something and is no trouble either way."""

    name: str
    ok: bool | None
    words: str
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """All that was looked at, of one provider."""

    provider: str
    kind: str
    base_url: str
    checks: tuple[Check, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing stands in the way."""
        return all(check.ok is not False for check in self.checks)


def examine(target: str = "local", *, provider: str | None = None) -> Examination:
    """Looks at a provider: a kind of the registry, or that of a manifest. Spends nothing.

    Raises UsageError for what is neither, ProblemsFound for a manifest with problems.
    """
    path = Path(target)
    if path.suffix.lower() in {".yaml", ".yml"} or path.is_file():
        settings = load(path, provider=provider).provider
        return _examined(settings, environment_for(path))
    dialect_of(target)
    settings = ProviderSettings(name=target, kind=target)
    return _examined(settings, environment_for(Path("manifest.yaml")))


def _examined(settings: ProviderSettings, environment: Mapping[str, str]) -> Examination:
    address = address_of(settings)
    if settings.kind == "local" and settings.base_url is None:
        words = "rendered in this process; needs no key and no network"
        checks: tuple[Check, ...] = (Check(name="server", ok=True, words=words),)
    else:
        checks = tuple(_server_checks(settings, address, environment))
    can = _can(dialect_of(settings.kind).capabilities)
    return Examination(
        provider=settings.name,
        kind=settings.kind,
        base_url=address,
        checks=(*checks, *can),
    )


def _server_checks(
    settings: ProviderSettings, address: str, environment: Mapping[str, str]
) -> Iterator[Check]:
    try:
        key = key_of(settings, environment)
    except UsageError as error:
        yield Check(name="key", ok=False, words=error.message, fix=error.fix)
        return
    words = "a key is set" if key else "no key is set, and none is sent"
    yield Check(name="key", ok=True, words=words)
    if closed := _closed(settings):
        yield closed
    if not address:
        words = f"{settings.kind} has no address of its own"
        fix = "write `base_url` under `providers` in a manifest, and name the manifest here"
        yield Check(name="address", ok=False, words=words, fix=fix)
        return
    found = run_aside(_probe(settings, address, key))
    yield _reached(found, address)
    if found.code:
        yield from (check(settings, found) for check in _QUESTIONS)


async def _probe(settings: ProviderSettings, address: str, key: str | None) -> Probe:
    server = open_connection(settings, base_url=address, key=key, clock=SystemClock())
    try:
        return await probe(server)
    finally:
        await server.close()


def _closed(settings: ProviderSettings) -> Check | None:
    """That a service is known to have closed, where it is not asked at an address of one's own."""
    service = load_catalog().service(settings.kind)
    if settings.base_url is not None or service is None or service.closed is None:
        return None
    words = f"{settings.kind} closed this service on {service.closed}"
    fix = f"instead: {service.instead}" if service.instead else ""
    return Check(name="service", ok=False, words=words, fix=fix)


def _reached(found: Probe, address: str) -> Check:
    if not found.code:
        words = f"{address} cannot be reached: {found.words}"
        fix = "is the server running, and is the address right?"
        return Check(name="server", ok=False, words=words, fix=fix)
    if found.code in {401, 403}:
        words = f"{address} does not accept the key ({found.code}): {found.words}"
        return Check(name="server", ok=False, words=words, fix="set the right key")
    return Check(name="server", ok=True, words=f"{address} answers")


def _family(settings: ProviderSettings, found: Probe) -> Check:
    if not found.guess:
        return Check(name="dialect", ok=None, words="it cannot be told what kind of server it is")
    guess = " or ".join(found.guess)
    if settings.kind in found.guess:
        return Check(name="dialect", ok=True, words=f"it looks like {guess}")
    words = f"it looks like {guess}, and the manifest says {settings.kind}"
    return Check(name="dialect", ok=None, words=words, fix=f"try `kind: {found.guess[0]}`")


def _models(_: ProviderSettings, found: Probe) -> Check:
    if not found.models:
        return Check(name="models", ok=None, words="it names no models")
    more = len(found.models) - _MOST_MODELS
    named = ", ".join(found.models[:_MOST_MODELS]) + (f" and {more} more" if more > 0 else "")
    return Check(name="models", ok=None, words=named)


def _list(settings: ProviderSettings, found: Probe) -> Check:
    expected = dialect_of(settings.kind).capabilities.listing
    if expected is Listing.NONE:
        words = "it has no list of jobs: an order whose answer is lost stays on hold"
        return Check(name="list", ok=None, words=words)
    if found.jobs is None:
        words = f"its list of jobs does not work ({found.code}): {found.words}"
        return Check(name="list", ok=False, words=words, fix="see docs/money.md on lost answers")
    if expected is Listing.PROMPTS and found.shows_prompts is False:
        words = "its list of jobs shows no prompts: an order whose answer is lost stays on hold"
        return Check(name="list", ok=None, words=words)
    return Check(name="list", ok=True, words="its list of jobs works")


def _clock(_: ProviderSettings, found: Probe) -> Check:
    if found.ahead_s is None:
        return Check(name="clock", ok=None, words="it does not tell the time")
    if abs(found.ahead_s) > _CLOCK_OFF_S:
        how = "ahead of" if found.ahead_s > 0 else "behind"
        words = f"its clock is {abs(found.ahead_s):.0f} s {how} this machine's; allowed for"
        return Check(name="clock", ok=None, words=words)
    return Check(name="clock", ok=True, words="its clock agrees with this machine's")


_QUESTIONS: tuple[Callable[[ProviderSettings, Probe], Check], ...] = (
    _family,
    _models,
    _list,
    _clock,
)


def _can(server: Capabilities) -> Iterator[Check]:
    """What servers of this kind can do, from the record of the kind; no question was asked."""
    abilities = {
        "remix": server.remix,
        "edit": server.edit,
        "extend": server.extend,
        "seed": server.seed,
        "reference picture": server.reference,
        "stop a render": server.cancels,
        "delete a job": server.deletes,
    }
    can = ", ".join(name for name, able in abilities.items() if able) or "prompts only"
    cannot = ", ".join(name for name, able in abilities.items() if not able)
    words = f"{can}; not: {cannot}" if cannot else can
    yield Check(name="can", ok=None, words=words)
