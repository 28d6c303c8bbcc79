"""Manifests of any size, for benchmarks."""

from __future__ import annotations

from pathlib import Path

_HEAD = """\
version: 1
name: bench
provider: {provider}
limits: {{concurrency: {concurrency}}}
defaults: {{model: {model}, size: {size}, seconds: 4}}
vars: {{product: Aurora trail shoe}}
{providers}shots:
"""
_REMOTE = """\
providers:
  bench: {{kind: local, base_url: "{url}", price_per_second: 0.01}}
"""


def head(*, url: str | None = None, concurrency: int = 100, size: str = "1280x720") -> str:
    """Everything of a manifest above its shots; on the server at `url`, else on `local`."""
    providers = _REMOTE.format(url=url) if url else ""
    provider = "bench" if url else "local"
    # A name nobody sells has no limits, so that small clips may be asked for.
    model = "sketch" if url else "sora-2"
    return _HEAD.format(
        provider=provider,
        providers=providers,
        concurrency=concurrency,
        size=size,
        model=model,
    )


def write_specs(path: Path, count: int, *, chain: int = 1, **options: object) -> Path:
    """`count` shot specs, each with a prompt template of its own; with `chain`, every so many in a
    row are remixed from one another."""
    lines = [head(**options)]  # type: ignore[arg-type]
    for number in range(count):
        lines.append(f"  shot-{number}:\n")
        lines.append(f'    prompt: "Take {number} of {{{{ product }}}} on ridge {number % 97}."\n')
        if number % chain:
            lines.append(f"    remix_of: shot-{number - 1}\n")
    path.write_text("".join(lines), encoding="utf-8")
    return path


def write_rows(path: Path, count: int) -> Path:
    """One shot spec over a CSV of `count` rows."""
    table = path.with_suffix(".csv")
    rows = (f"place-{number},landmark {number % 97}\n" for number in range(count))
    table.write_text("place,landmark\n" + "".join(rows), encoding="utf-8")
    spec = (
        f"  place:\n    for_each: {table.name}\n"
        '    key: "{{ row.place }}"\n'
        '    prompt: "{{ product }} passing {{ row.landmark }} in {{ row.place }}."\n'
    )
    path.write_text(head() + spec, encoding="utf-8")
    return path
