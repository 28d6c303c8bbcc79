"""Finds what the chosen provider cannot make, before anything is spent.

Every problem stands at the field where it was written and says what is allowed instead. The same
problem of ten thousand shots of one shot spec is one problem, with a count. On `local` the limits
of the model that is named hold as well: a rehearsal that could never be performed is of no use.
What nobody has established is no problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sora_batch.catalog import Catalog
from sora_batch.manifest.settings import Manifest, ProviderSettings
from sora_batch.planning.capabilities import Capabilities
from sora_batch.planning.fitness import Finding, Fitness
from sora_batch.planning.price import LOCAL, Pricer
from sora_batch.problems import Problem, Where
from sora_batch.shots import FrameReference, Shot, ShotId

# More different messages at one place than this are one story told many times.
_AT_ONE_PLACE = 5


def check(
    manifest: Manifest, catalog: Catalog, capabilities: Capabilities, pricer: Pricer
) -> list[Problem]:
    """Everything that is wrong with the shots for this provider."""
    fitness = Fitness(catalog, capabilities, pricer)
    pile = _Pile()
    by_id: dict[ShotId, Shot] | None = None
    for shot in manifest.shots:
        for finding in fitness.findings(shot):
            pile.add(finding, shot, shot.place(finding.field))
        if shot.source is not None or isinstance(shot.reference, FrameReference):
            by_id = by_id if by_id is not None else {one.id: one for one in manifest.shots}
            for finding in _against_parents(fitness, shot, by_id):
                pile.add(finding, shot, shot.place(finding.field))
    return [*_service_problems(manifest, catalog, pricer), *pile.problems()]


def _against_parents(
    fitness: Fitness, shot: Shot, by_id: Mapping[ShotId, Shot]
) -> Iterator[Finding]:
    """What does not go together with the shots it is made from."""
    origin = by_id.get(shot.source.shot) if shot.source and shot.source.shot else None
    if origin is not None:
        yield from fitness.against_source(shot, origin)
    if isinstance(shot.reference, FrameReference) and shot.reference.shot in by_id:
        yield from fitness.against_frame(shot.reference, by_id[shot.reference.shot])


def _service_problems(manifest: Manifest, catalog: Catalog, pricer: Pricer) -> list[Problem]:
    settings = manifest.provider
    service = catalog.service(settings.kind)
    place = _provider_place(manifest, settings)
    if not pricer.base_url and settings.kind != LOCAL:
        return [
            Problem(
                f"`{settings.name}` ({settings.kind}) has no address",
                place,
                "base-url",
                "every installation has its own: give `base_url` under `providers`",
            )
        ]
    if service is None or service.closed is None or service.closed > pricer.today:
        return []
    if pricer.base_url != service.base_url:
        return []
    return [
        Problem(
            f"{service.title} closed its video service on {service.closed}",
            place,
            "closed-service",
            service.instead,
        )
    ]


def _provider_place(manifest: Manifest, settings: ProviderSettings) -> Where:
    return settings.where if settings.where.file else Where(str(manifest.file))


class _Pile:
    """Findings by place and words, each with the first shot it was met in and how many more."""

    def __init__(self) -> None:
        self._met: dict[tuple[str, Where], dict[Finding, tuple[ShotId, str, int]]] = {}

    def add(self, finding: Finding, shot: Shot, place: Where) -> None:
        """Counts one shot with the finding."""
        here = self._met.setdefault((finding.code, place), {})
        first, spec, count = here.get(finding, (shot.id, shot.spec, 0))
        here[finding] = (first, spec, count + 1)

    def problems(self) -> list[Problem]:
        """One problem for each thing said at a place; many like it are told as one."""
        problems = []
        for (code, place), here in self._met.items():
            said = list(here.items())
            if len(said) > _AT_ONE_PLACE:
                finding, (first, spec, _) = said[_AT_ONE_PLACE - 1]
                count = sum(count for _, (_, _, count) in said[_AT_ONE_PLACE - 1 :])
                rest = replace(finding, message=f"{finding.message}, and others like it")
                said[_AT_ONE_PLACE - 1 :] = [(rest, (first, spec, count))]
            problems += [
                Problem(f"{finding.message}{_whose(*met)}", place, code, finding.fix)
                for finding, met in said
            ]
        return problems


def _whose(first: ShotId, spec: str, count: int) -> str:
    if count > 1:
        return f" (`{first}` and {count - 1:,} more)"
    return f" (`{first}`)" if first != spec else ""
