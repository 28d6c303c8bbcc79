"""`doctor`: what stands between a person and a first clip, found without spending anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sora_batch.api.aside import run_aside
from sora_batch.api.checks import (
    Check,
    account_checks,
    clock_check,
    listing_checks,
    no_list_check,
    probe_checks,
    reached_check,
)
from sora_batch.api.loading import load
from sora_batch.api.secrets import environment_for
from sora_batch.catalog import ModelEntry, load_catalog
from sora_batch.catalog.cached import current_catalog
from sora_batch.catalog.openrouter_listing import read_model
from sora_batch.clock import SystemClock
from sora_batch.errors import UsageError
from sora_batch.manifest.settings import Manifest, ProviderSettings
from sora_batch.planning.capabilities import Capabilities
from sora_batch.planning.price import Pricer
from sora_batch.providers import address_of, dialect_of
from sora_batch.providers.keys import key_of
from sora_batch.providers.opening import open_connection
from sora_batch.providers.openrouter_account import Account, ask_account
from sora_batch.providers.openrouter_models import fetch_models
from sora_batch.providers.probing import Probe, probe

__all__ = ["Check", "Examination", "examine"]


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


@dataclass(frozen=True, slots=True)
class _Patient:
    """A provider to look at, and the models that are ordered of it, by the manifest's names."""

    settings: ProviderSettings
    address: str
    environment: Mapping[str, str]
    ordered: Mapping[str, str]


def examine(target: str = "local", *, provider: str | None = None) -> Examination:
    """Looks at a provider: a kind of the registry, or that of a manifest. Spends nothing.

    Raises UsageError for what is neither, ProblemsFound for a manifest with problems.
    """
    path = Path(target)
    if path.suffix.lower() in {".yaml", ".yml"} or path.is_file():
        manifest = load(path, provider=provider)
        settings, environment = manifest.provider, environment_for(path)
        ordered = _ordered(manifest)
    else:
        dialect_of(target)
        settings = ProviderSettings(name=target, kind=target)
        environment, ordered = environment_for(Path("manifest.yaml")), {}
    patient = _Patient(settings, address_of(settings), environment, ordered)
    return Examination(
        provider=settings.name,
        kind=settings.kind,
        base_url=patient.address,
        checks=(*_looked_at(patient), *_can(dialect_of(settings.kind).capabilities)),
    )


def _ordered(manifest: Manifest) -> Mapping[str, str]:
    """The manifest's models, and what each is called in an order."""
    settings, today = manifest.provider, SystemClock().now().date()
    catalog = current_catalog(settings.kind, today=today)
    pricer = Pricer(settings, catalog, base_url=address_of(settings), today=today)
    names = dict.fromkeys(shot.model for shot in manifest.shots)
    return {name: pricer.target(name).model for name in names}


def _looked_at(patient: _Patient) -> Iterator[Check]:
    settings = patient.settings
    if settings.kind == "local" and settings.base_url is None:
        words = "rendered in this process; needs no key and no network"
        yield Check(name="server", ok=True, words=words)
        return
    hosted = dialect_of(settings.kind).protocol == "openrouter"
    if closed := _closed(settings):
        yield closed
    key, check = _key(patient)
    yield check
    if check.ok is False and not hosted:
        return
    if not patient.address:
        words = f"{settings.kind} has no address of its own"
        fix = "write `base_url` under `providers` in a manifest, and name the manifest here"
        yield Check(name="address", ok=False, words=words, fix=fix)
    elif hosted:
        yield from _hosted(patient, key)
    else:
        found = run_aside(_probe(patient, key))
        yield reached_check(found, patient.address)
        if found.code:
            yield from probe_checks(settings, found, patient.ordered)


def _key(patient: _Patient) -> tuple[str | None, Check]:
    try:
        key = key_of(patient.settings, patient.environment)
    except UsageError as error:
        return None, Check(name="key", ok=False, words=error.message, fix=error.fix)
    words = "a key is set" if key else "no key is set, and none is sent"
    return key, Check(name="key", ok=True, words=words)


async def _probe(patient: _Patient, key: str | None) -> Probe:
    server = open_connection(
        patient.settings, base_url=patient.address, key=key, clock=SystemClock()
    )
    try:
        return await probe(server)
    finally:
        await server.close()


def _hosted(patient: _Patient, key: str | None) -> Iterator[Check]:
    """The checks of a service that has accounts, and a listing of models with prices."""
    account, rows, why, ahead_s = run_aside(_ask(patient, key))
    found = Probe(code=200 if rows or account.code else 0, words=why.partition(": ")[2])
    yield reached_check(found, patient.address)
    if not found.code:
        return
    title = service.title if (service := load_catalog().service(patient.settings.kind)) else "it"
    if key is not None:
        yield from account_checks(account, service=title)
    today = SystemClock().now().date()
    if rows:
        entries = _entries(rows)
        known = current_catalog(patient.settings.kind, today=today)
        yield from listing_checks(entries, known, patient.ordered, today=today)
    else:
        yield Check(name="models", ok=None, words=why)
    yield no_list_check()
    yield clock_check(ahead_s)


async def _ask(
    patient: _Patient, key: str | None
) -> tuple[Account, list[object], str, float | None]:
    """The account, the listing's rows or why there are none, and the server's clock."""
    server = open_connection(
        patient.settings, base_url=patient.address, key=key, clock=SystemClock()
    )
    try:
        account = await ask_account(server) if key is not None else Account()
        try:
            rows = await fetch_models(server.client, base_url=patient.address)
        except UsageError as error:
            return account, [], error.message, server.ahead_s
        return account, rows, "", server.ahead_s
    finally:
        await server.close()


def _entries(rows: list[object]) -> Mapping[str, ModelEntry]:
    """The models of a listing, by name."""
    today, shipped = SystemClock().now().date(), load_catalog()
    read = (read_model(row, on=today, shipped=shipped) for row in rows)
    return {entry.name: entry for entry in read if entry is not None}


def _closed(settings: ProviderSettings) -> Check | None:
    """That a service is known to have closed, where it is not asked at an address of one's own;
    or that it should have by now, wherever it is asked."""
    service = load_catalog().service(settings.kind)
    if service is None:
        return None
    fix = f"instead: {service.instead}" if service.instead else ""
    if settings.base_url is None and service.closed is not None:
        words = f"{service.title} closed this service on {service.closed}"
        return Check(name="service", ok=False, words=words, fix=fix)
    if service.retired is None or service.retired > SystemClock().now().date():
        return None
    words = (
        f"the last published retirement date, {service.retired}, has passed; it may refuse "
        "everything"
    )
    return Check(name="service", ok=None, words=words, fix=fix)


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
    if server.may_repeat:
        yield Check(name="repeats", ok=None, words=server.may_repeat)
    yield Check(name="can", ok=None, words=words)
