"""Whether one shot can be made: its model, size, length and the rest against what is known.

Shots that are alike in all of that are looked at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sora_batch.catalog import Catalog, ModelEntry
from sora_batch.planning.capabilities import Capabilities
from sora_batch.planning.price import LOCAL, Pricer
from sora_batch.problems import did_you_mean, joined
from sora_batch.shots import FrameReference, Shot

# What the manifest has fields for would go around the fingerprint's, the price's and the check's
# back when it came in as an option; several clips from one job would be paid for and lost.
_OWN_FIELDS = frozenset({"prompt", "model", "size", "seconds", "seed"})
# A list of names longer than this helps nobody; the catalog of OpenRouter has 26.
_LONG_FIX = 120
_SEVERAL = frozenset({"n", "num_outputs_per_prompt"})
_SOURCES = ("remix", "edit", "extend")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a shot: the field it stands in, the word of its kind, message, fix."""

    field: str
    code: str
    message: str
    fix: str


class Fitness:
    """Looks at shots for one provider; remembers what it has seen."""

    def __init__(self, catalog: Catalog, capabilities: Capabilities, pricer: Pricer) -> None:
        self.catalog = catalog
        self.capabilities = capabilities
        self.pricer = pricer
        self.kind = pricer.settings.kind
        self._seen: dict[tuple[object, ...], tuple[Finding, ...]] = {}
        service = catalog.service(self.kind)
        self._service = service
        self._prompt_max = service.prompt_max if service is not None else None
        # A server that only speaks a service's protocol has limits of its own, which nobody knows.
        self._official = service is None or service.base_url in {"", pricer.base_url}

    def findings(self, shot: Shot) -> Sequence[Finding]:
        """Everything wrong with the shot by itself."""
        key = _likeness(shot)
        found = self._seen.get(key)
        if found is None:
            found = self._seen[key] = tuple(self._look(shot))
        if self._prompt_max is not None and len(shot.prompt) > self._prompt_max:
            return [*found, _too_long(len(shot.prompt), self._prompt_max)]
        return found

    def against_source(self, shot: Shot, origin: Shot) -> Iterator[Finding]:
        """What the shot asks for though it comes from the clip it is made from."""
        kind = shot.source.kind if shot.source is not None else "remix"
        # The job is what is changed, so its model stays: another one here would price it wrongly.
        fixed = ["model", "size"] if kind == "extend" else ["model", "size", "seconds"]
        for name in fixed:
            theirs, ours = getattr(origin, name), getattr(shot, name)
            if theirs != ours:
                yield Finding(
                    name,
                    f"source-{name}",
                    f"`{kind}_of` keeps the {name} of its source: `{origin.id}` has {theirs}, "
                    f"this asks for {ours}",
                    f"write `{name}: {theirs}`",
                )

    def against_frame(self, reference: FrameReference, origin: Shot) -> Iterator[Finding]:
        """A moment of another shot's clip that its clip will not have."""
        if not isinstance(reference.at, Decimal) or reference.at < origin.seconds:
            return
        # An extension's clip is longer than what was asked for: it begins with its source's.
        if origin.source is None or origin.source.kind != "extend":
            yield Finding(
                "reference",
                "reference",
                f"`at: {reference.at}` is after the end of `{origin.id}`, which is "
                f"{origin.seconds} s long",
                f"use a time before {origin.seconds}, or `last`",
            )

    def _look(self, shot: Shot) -> Iterator[Finding]:
        entry = self._entry(shot.model)
        if entry is None:
            yield from self._unknown_model(shot.model)
        elif self.kind != LOCAL and self._official:
            yield from self._gone(shot.model, entry)
        if entry is not None and self._official:
            yield from self._limits(shot, entry)
        yield from self._request(shot)
        yield from self._options(shot)
        if entry is not None and self._official:
            yield from self._unable(shot, entry)
        yield from self._reference(shot, entry)
        yield from self._source(shot)

    def _entry(self, model: str) -> ModelEntry | None:
        entry = self.pricer.entry(model)
        if entry is None and self.kind == LOCAL:
            return self.catalog.named(model)
        return entry

    def _unknown_model(self, model: str) -> Iterator[Finding]:
        service = self._service
        asked = self.pricer.settings.models.get(model, model)
        if service is None or not self._official or self.capabilities.any_model:
            return
        if not (service.complete or (service.slugs and "/" not in asked)):
            return
        entries = self.catalog.models(self.kind)
        there = [entry for entry in entries if not entry.gone(self.pricer.today)]
        names = [entry.name for entry in there or entries]
        short = {name.rpartition("/")[2]: name for name in names}
        fix = did_you_mean(asked, [*names, *short]) or f"use {joined(names)}"
        if len(fix) > _LONG_FIX:
            which = (
                f"`models: {{{model}: ITS NAME}}` under `providers` says what it is called there"
            )
            fix = f"{which}; `sora-batch models {self.kind}` lists the names"
        yield Finding("model", "model", f"{service.title} has no model `{asked}`", fix)

    def _gone(self, model: str, entry: ModelEntry) -> Iterator[Finding]:
        service = self._service
        if service is None or not entry.gone(self.pricer.today):
            return
        # Where the whole service is closed or its end uncertain, that is said once, elsewhere.
        if service.closed is not None or service.retired is not None:
            return
        yield Finding(
            "model",
            "model-gone",
            f"{model} was shut down on {entry.shutdown}",
            f"`sora-batch models {self.kind}` lists what can be used instead",
        )

    def _limits(self, shot: Shot, entry: ModelEntry) -> Iterator[Finding]:
        if not entry.allows_size(shot.size):
            message = f"{shot.model} cannot make {shot.size}"
            yield Finding("size", "size", message, self._size_fix(shot, entry))
        if not entry.allows_seconds(shot.seconds):
            message = f"{shot.model} cannot make a {shot.seconds} second clip"
            yield Finding("seconds", "seconds", message, f"use {entry.seconds_text}")

    def _size_fix(self, shot: Shot, entry: ModelEntry) -> str:
        others = [
            other.name
            for other in self.catalog.models(entry.service)
            if other is not entry and other.sizes and other.allows_size(shot.size)
        ]
        fix = f"use {entry.sizes_fix}"
        return f"{fix}; {joined(others)} can make {shot.size}" if others else fix

    def _request(self, shot: Shot) -> Iterator[Finding]:
        known_lengths = self._official and self._entry(shot.model) is not None
        whole = shot.seconds == shot.seconds.to_integral_value()
        if self.capabilities.whole_seconds and not whole and not known_lengths:
            message = f"{self.kind} takes whole seconds only, not {shot.seconds}"
            fix = f"use {max(1, int(shot.seconds))} or {int(shot.seconds) + 1}"
            yield Finding("seconds", "seconds", message, fix)
        if shot.seed is not None and not self.capabilities.seed:
            message = f"{self.kind} does not know seeds"
            fix = "take `seed` out; `takes` makes several tries"
            yield Finding("seed", "seed", message, fix)

    def _unable(self, shot: Shot, entry: ModelEntry) -> Iterator[Finding]:
        if shot.seed is not None and self.capabilities.seed and entry.seed is False:
            message = f"{shot.model} does not know seeds"
            fix = "take `seed` out; `takes` makes several tries"
            yield Finding("seed", "seed", message, fix)
        if shot.options.get("generate_audio") is True and entry.audio == "never":
            message = f"{shot.model} makes no sound"
            yield Finding("options", "option", message, "take `generate_audio` out")
        wants_last = shot.options.get("frame_type") == "last_frame"
        if wants_last and entry.frames and "last" not in entry.frames:
            message = f"{shot.model} takes no picture of the last frame"
            yield Finding("options", "option", message, "take `frame_type` out")

    def _options(self, shot: Shot) -> Iterator[Finding]:
        known = self.capabilities.fields
        for name, value in shot.options.items():
            if name in _OWN_FIELDS:
                message = f"`{name}` is a field of the shot, not an option"
                yield Finding("options", "option", message, f"write `{name}:` beside `options`")
            elif name in _SEVERAL and value not in {1, "1"}:
                message = f"option `{name}` would make several clips in one job; one is kept"
                yield Finding("options", "option", message, "use `takes` for several tries")
            elif known is not None and name not in known and name not in _SEVERAL:
                message = f"{self.kind} does not know the option `{name}`"
                fix = did_you_mean(name, known) or (
                    "take it out" if not known else f"it knows {joined(sorted(known), 'and')}"
                )
                yield Finding("options", "option", message, fix)

    def _reference(self, shot: Shot, entry: ModelEntry | None) -> Iterator[Finding]:
        if shot.reference is None:
            return
        if not self.capabilities.reference:
            message = f"{self.kind} takes no reference picture"
            yield Finding("reference", "reference", message, "take `reference` out")
        elif entry is not None and self._official and entry.frames == ():
            message = f"{shot.model} takes no reference picture"
            fix = "take `reference` out, or use another model"
            yield Finding("reference", "reference", message, fix)

    def _source(self, shot: Shot) -> Iterator[Finding]:
        if shot.source is None:
            return
        kind = shot.source.kind
        if not getattr(self.capabilities, kind):
            can = [one for one in _SOURCES if getattr(self.capabilities, one)]
            fix = f"it can {joined(can)}" if can else _instead(shot, kind, self.capabilities)
            yield Finding(f"{kind}_of", "source", f"{self.kind} cannot {kind} a clip", fix)
        elif shot.reference is not None:
            message = f"`{kind}_of` takes its picture from its source, not from a reference"
            yield Finding("reference", "reference", message, f"take `reference` or `{kind}_of` out")


def _likeness(shot: Shot) -> tuple[object, ...]:
    """What `_look` depends on."""
    return (
        shot.model,
        shot.size,
        shot.seconds,
        shot.seed is not None,
        tuple((name, str(shot.options[name])) for name in shot.options) if shot.options else None,
        type(shot.reference),
        shot.source.kind if shot.source is not None else None,
    )


def _instead(shot: Shot, kind: str, server: Capabilities) -> str:
    """What comes nearest to working on a clip where no server of the kind does."""
    fix = "describe the change in a prompt of its own"
    origin = shot.source.shot if shot.source is not None else None
    if origin is None or not server.reference or shot.reference is not None:
        return fix
    at = "last" if kind == "extend" else "first"
    return f"{fix}, and start from its {at} frame: `reference: {{frame_of: {origin}, at: {at}}}`"


def _too_long(length: int, most: int) -> Finding:
    message = f"a prompt of {length:,} characters is too long"
    return Finding("prompt", "prompt", message, f"use at most {most:,}")
