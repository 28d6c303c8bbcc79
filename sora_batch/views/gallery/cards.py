"""One shot of a gallery: everything about it in words, from its step, its clip and its attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sora_batch.planning.plan import Step
from sora_batch.providers import dialect_of
from sora_batch.records import Attempt, AttemptState, Money
from sora_batch.shots import FrameReference, ImageReference, Shot, Target
from sora_batch.views.facts import as_json
from sora_batch.views.gallery.charts import render_s, state_class
from sora_batch.views.gallery.gathered import Media
from sora_batch.views.gallery.values import Card, Fact, Link, Piece, Try
from sora_batch.views.status import Standing
from sora_batch.views.text import dollars, printable, span

_WORDS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of one shot, before it is put in words."""

    step: Step
    place: Standing
    attempts: Sequence[Attempt]
    media: Media
    made_from: tuple[Link, ...]
    goes_into: tuple[Link, ...]


def card_of(told: Told, *, label: str, prompt: tuple[Piece, ...], own: tuple[str, ...]) -> Card:
    """The shot as it stands on the page."""
    step, shot = told.step, told.step.shot
    newest = _newest(told)
    failure = newest.failure if newest and newest.state is AttemptState.FAILED else None
    return Card(
        shot=shot.id,
        label=label,
        state=str(told.place),
        state_class=state_class(told.place),
        reason="" if told.place is Standing.DONE else _said(step.reason),
        media=told.media,
        width=step.clip.size.width if step.clip else shot.size.width,
        height=step.clip.size.height if step.clip else shot.size.height,
        seconds=f"{shot.seconds} s",
        own=own,
        price=price_words(told),
        took=_took(told),
        tries=tuple(_try(attempt) for attempt in told.attempts),
        failure=_said(failure.message) if failure and told.place is not Standing.DONE else "",
        server_words=_said(failure.server_words)
        if failure and told.place is not Standing.DONE
        else "",
        differs=_said(step.clip.differs) if step.clip else "",
        prompt=prompt,
        template=shot.template if shot.template.strip() != shot.prompt.strip() else "",
        reference=reference_words(shot),
        made_from=told.made_from,
        goes_into=told.goes_into,
        facts=tuple(_facts(step)),
        tags=shot.tags,
        model=shot.model,
        variant=shot.variant or "",
        axes=axis_words(shot),
    )


def axis_words(shot: Shot) -> tuple[str, ...]:
    """`lens=24mm`, one for each axis."""
    return tuple(f"{name}={_value(value)}" for name, value in shot.axes)


def common_facts(shot: Shot) -> tuple[str, ...]:
    """What is worth saying of a shot at a glance; said once for a row where all share it."""
    seed = "" if shot.seed is None else f"seed {shot.seed}"
    return tuple(filter(None, (shot.model, str(shot.size).replace("x", " × "), seed)))


def price_words(told: Told) -> str:
    """What was paid for the clip; else what is at stake, or what making it would come to."""
    paid = spend_of(told.attempts)
    at_stake = [one for one in told.attempts if one.money in {Money.RESERVED, Money.HELD}]
    if told.place is Standing.DONE or paid:
        return dollars(paid)
    if at_stake and at_stake[-1].price_usd is not None:
        return f"{dollars(at_stake[-1].price_usd)} {at_stake[-1].money}"
    return f"would be {dollars(told.step.price_usd)}" if told.step.price_usd else ""


def spend_of(attempts: Sequence[Attempt]) -> Decimal:
    """What the attempts came to."""
    spent = (one.spent_usd for one in attempts if one.money is Money.SPENT)
    return sum((usd for usd in spent if usd is not None), Decimal(0))


def reference_words(shot: Shot) -> str:
    """What the first frame is, in words."""
    match shot.reference:
        case ImageReference(image=image, fit=fit):
            return f"starts from {image.replace(chr(92), '/').rpartition('/')[2]}, {fit}"
        case FrameReference(shot=other, at=at):
            return (
                f"starts from the {at} frame of {other}"
                if isinstance(at, str)
                else (f"starts from {other} at {at} s")
            )
    return ""


def _newest(told: Told) -> Attempt | None:
    current = [one for one in told.attempts if one.fingerprint == told.step.fingerprint]
    return current[-1] if current else None


def _took(told: Told) -> str:
    clip = told.step.clip
    made = (one for one in told.attempts if clip is not None and one.id == clip.attempt_id)
    took_s = next((render_s(one) for one in made), None)
    return "" if took_s is None else span(took_s)


def _try(attempt: Attempt) -> Try:
    took_s = render_s(attempt)
    amount = attempt.spent_usd if attempt.spent_usd is not None else attempt.price_usd
    failure = attempt.failure
    return Try(
        number=attempt.number,
        state=f"{attempt.state}, put aside" if attempt.forgiven else str(attempt.state),
        money=f"{dollars(amount)} {attempt.money}" if amount else "",
        when=f"{attempt.created_at:%d %b, %H:%M}",
        took="" if took_s is None else span(took_s),
        job=_said(attempt.job_id or ""),
        said=_said(failure.message if failure else attempt.note),
        server_words=_said(failure.server_words) if failure else "",
    )


def _facts(step: Step) -> list[Fact]:
    shot, clip = step.shot, step.clip
    facts = [
        Fact("ordered", f"{shot.seconds} s, {shot.size}"),
        Fact("model", shot.model if shot.model == step.target.model else _both(step)),
        Fact("rendered by", _place(step.target)),
    ]
    if clip is not None:
        sound = "with sound" if clip.has_audio else "silent"
        facts += [
            Fact("delivered", f"{clip.seconds:.2f} s, {clip.size}, {clip.fps:g} fps, {sound}"),
            Fact("made", f"{clip.made_at:%d %b %Y, %H:%M} UTC, {clip.bytes / 1e6:,.1f} MB"),
            Fact("origin", clip.origin if clip.shot_id == shot.id else f"that of {clip.shot_id}"),
            Fact("job", _said(clip.job_id or "")),
            Fact("sha256", clip.sha256),
        ]
    if step.list_price_usd:
        facts.append(Fact("list price", dollars(step.list_price_usd)))
    facts += [Fact(name, _value(as_json(value))) for name, value in _chosen(shot).items()]
    facts += [Fact("written at", str(shot.where)), Fact("fingerprint", step.fingerprint)]
    return [fact for fact in facts if fact.value]


def _place(target: Target) -> str:
    """The provider, and its address where that is not the one of its kind."""
    usual = dialect_of(target.provider).base_url == target.base_url
    return target.provider if usual else f"{target.provider}, {target.base_url}"


def _both(step: Step) -> str:
    return f"{step.shot.model} ({step.target.model} there)"


def _chosen(shot: Shot) -> Mapping[str, object]:
    seed = {} if shot.seed is None else {"seed": shot.seed}
    return {**seed, **shot.options, **shot.variables}


def _value(value: object) -> str:
    return printable(value if isinstance(value, str) else str(value), _WORDS)


def _said(text: str) -> str:
    """Words from elsewhere, in one line, of bounded length; escaping is the template's."""
    return printable(text, _WORDS)
