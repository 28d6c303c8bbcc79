"""What was found by looking at a server, as checks: each says what is well, or what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from sora_batch.catalog import Catalog, ModelEntry
from sora_batch.manifest.settings import ProviderSettings
from sora_batch.planning.capabilities import Listing
from sora_batch.problems import joined
from sora_batch.providers import dialect_of
from sora_batch.providers.openrouter_account import Account
from sora_batch.providers.probing import Probe
from sora_batch.views.models import price_range
from sora_batch.views.text import dollars

# Versions of LiteLLM that steal: the first two by PYSEC-2026-2, the third second hand.
_MALICIOUS = frozenset({"1.82.7", "1.82.8", "1.107.0"})
_MOST_MODELS = 5
_CLOCK_OFF_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at. `ok` is None where it says something and is no trouble either way."""

    name: str
    ok: bool | None
    words: str
    fix: str = ""


def probe_checks(
    settings: ProviderSettings, found: Probe, ordered: Mapping[str, str]
) -> Iterator[Check]:
    """What a probed server says of itself. `ordered` are the models that a manifest orders: its
    names, and what they are called in an order."""
    yield _family(settings, found)
    if found.version in _MALICIOUS:
        words = f"LiteLLM {found.version} is reported to steal keys"
        fix = "stop it, change every key it has seen, and install another version by its hash"
        yield Check(name="version", ok=False, words=words, fix=fix)
    yield _models(found)
    yield from _names(settings, found, ordered)
    yield _list(settings, found)
    yield clock_check(found.ahead_s)


def account_checks(account: Account, *, service: str) -> Iterator[Check]:
    """Whether a hosted service accepts the key, and what is left to spend."""
    if account.code in {401, 403}:
        words = f"{service} does not accept the key ({account.code}): {account.words}"
        yield Check(name="account", ok=False, words=words, fix="set the right key")
        return
    if account.code != 200:
        why = f"{account.code}: {account.words}" if account.code else account.words
        words = f"it cannot be told whether the key is good ({why})"
        yield Check(name="account", ok=None, words=words)
        return
    said = ["the key is accepted"]
    if account.used_usd is not None:
        said.append(f"has spent {dollars(account.used_usd)}")
    if account.limit_usd is not None:
        left = dollars(account.left_usd)
        said.append(f"has {left} left of its limit of {dollars(account.limit_usd)}")
    if account.expires_at is not None:
        said.append(f"is good until {account.expires_at:%Y-%m-%d}")
    spent = account.left_usd is not None and account.left_usd <= 0
    fix = "raise the limit of the key: nothing can be ordered with it" if spent else ""
    yield Check(name="account", ok=not spent, words=joined(said, "and"), fix=fix)
    yield _credit(account)


def listing_checks(
    entries: Mapping[str, ModelEntry], known: Catalog, ordered: Mapping[str, str], *, today: date
) -> Iterator[Check]:
    """What a service lists today, and the ordered models in it with their prices; `known` is what
    plans go by."""
    priced = sum(_is_priced(entry, today) for entry in entries.values())
    words = f"{len(entries)} video models, {priced} of them with a price a second that can be read"
    yield Check(name="models", ok=None, words=words)
    for name, server_name in ordered.items():
        entry = entries.get(server_name)
        shown = name if name == server_name else f"{name} ({server_name})"
        if entry is None:
            fix = "`sora-batch models openrouter --refresh` shows what there is"
            yield Check(name="shots", ok=False, words=f"it does not list {shown}", fix=fix)
            continue
        price, planned = price_range(entry, today), known.find(entry.service, server_name)
        before = price_range(planned, today) if planned is not None else "not known"
        words = f"{shown}: {price}" + (" a second" if "$" in price else "")
        fix = ""
        if before != price:
            words += f"; plans go by {before}"
            fix = "`sora-batch models openrouter --refresh` fetches the prices of today"
        yield Check(name="shots", ok=None, words=words, fix=fix)


def reached_check(found: Probe, address: str) -> Check:
    """Whether the server answers, and accepts the key."""
    if not found.code:
        words = f"{address} cannot be reached: {found.words}"
        fix = "is the server running, and is the address right?"
        return Check(name="server", ok=False, words=words, fix=fix)
    if found.code in {401, 403}:
        words = f"{address} does not accept the key ({found.code}): {found.words}"
        return Check(name="server", ok=False, words=words, fix="set the right key")
    if found.code >= 500:
        words = f"{address} answers, with an error ({found.code}): {found.words}"
        return Check(name="server", ok=None, words=words)
    return Check(name="server", ok=True, words=f"{address} answers")


def clock_check(ahead_s: float | None) -> Check:
    """Whether the server's clock agrees with ours."""
    if ahead_s is None:
        return Check(name="clock", ok=None, words="it does not tell the time")
    if abs(ahead_s) > _CLOCK_OFF_S:
        how = "ahead of" if ahead_s > 0 else "behind"
        words = f"its clock is {abs(ahead_s):.0f} s {how} this machine's; allowed for"
        return Check(name="clock", ok=None, words=words)
    return Check(name="clock", ok=True, words="its clock agrees with this machine's")


def no_list_check() -> Check:
    """What it means that there is no list of jobs."""
    words = "it has no list of jobs: an order whose answer is lost stays on hold"
    return Check(name="list", ok=None, words=words)


def _credit(account: Account) -> Check:
    if account.credit_usd is None:
        words = "what is left in the account is told to management keys only"
        return Check(name="credit", ok=None, words=words)
    good = account.credit_usd > 0
    fix = "" if good else "buy credit: nothing can be ordered"
    words = f"{dollars(account.credit_usd)} is left in the account"
    return Check(name="credit", ok=good, words=words, fix=fix)


def _family(settings: ProviderSettings, found: Probe) -> Check:
    if not found.guess:
        return Check(name="dialect", ok=None, words="it cannot be told what kind of server it is")
    guess = " or ".join(found.guess)
    if settings.kind in found.guess:
        return Check(name="dialect", ok=True, words=f"it looks like {guess}")
    words = f"it looks like {guess}, and the manifest says {settings.kind}"
    return Check(name="dialect", ok=None, words=words, fix=f"try `kind: {found.guess[0]}`")


def _models(found: Probe) -> Check:
    if not found.models:
        return Check(name="models", ok=None, words="it names no models")
    return Check(name="models", ok=None, words=_some(found.models))


def _names(settings: ProviderSettings, found: Probe, ordered: Mapping[str, str]) -> Iterator[Check]:
    """The ordered models that the server does not name."""
    can = dialect_of(settings.kind).capabilities
    if not found.models or (can.self_hosted and can.any_model):
        return
    for name, server_name in ordered.items():
        if server_name in found.models:
            continue
        words = f"the manifest orders `{server_name}`, which it does not name"
        example = found.models[0] if len(found.models) == 1 else "ITS NAME"
        fix = f"under `providers`: models: {{{name}: {example}}}"
        # A server of one model takes no other name; a gateway may know names that it does not list.
        yield Check(name="shots", ok=False if can.self_hosted else None, words=words, fix=fix)


def _list(settings: ProviderSettings, found: Probe) -> Check:
    expected = dialect_of(settings.kind).capabilities.listing
    if expected is Listing.NONE:
        return no_list_check()
    if found.jobs is None:
        words = f"its list of jobs does not work ({found.code}): {found.words}"
        return Check(name="list", ok=False, words=words, fix="see docs/money.md on lost answers")
    if expected is Listing.BARE or found.shows_prompts is False:
        words = "its list of jobs shows no prompts: an order whose answer is lost stays on hold"
        return Check(name="list", ok=None, words=words)
    words = "its list of jobs works; it is empty, so whether it shows prompts is not seen yet"
    if found.shows_prompts:
        words = "its list of jobs shows prompts: an order whose answer is lost is found there"
    return Check(name="list", ok=True, words=words)


def _is_priced(entry: ModelEntry, today: date) -> bool:
    return "$" in price_range(entry, today)


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - _MOST_MODELS
    return ", ".join(names[:_MOST_MODELS]) + (f" and {more} more" if more > 0 else "")
