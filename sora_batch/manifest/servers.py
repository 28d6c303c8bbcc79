"""Finds the server a manifest means: a built-in name or an entry under `providers`.

Of a key only the name of its environment variable is known here. Addresses may be put together
from environment variables, whose values never appear in a message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, get_args
from urllib.parse import urlsplit

from sora_batch.manifest.document import Node
from sora_batch.manifest.schema import ManifestSpec, ProviderSpec
from sora_batch.manifest.settings import ProviderSettings
from sora_batch.manifest.values import ProviderKind
from sora_batch.problems import Problem, Where, did_you_mean

BUILT_IN: Final[tuple[str, ...]] = get_args(ProviderKind)
_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}?")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def find_provider(
    name: str, spec: ManifestSpec, root: Node, asked: Where, environment: Mapping[str, str]
) -> tuple[ProviderSettings, list[Problem]]:
    """The settings of the provider of that name; `asked` is where somebody named it."""
    problems = [*_renamed(spec, root), *_literal_addresses(name, spec, root)]
    entry = spec.providers.get(name)
    if entry is None and name not in BUILT_IN:
        fix = did_you_mean(name, [*spec.providers, *BUILT_IN])
        fix = fix or "define it under `providers`, or use " + ", ".join(BUILT_IN)
        problems.append(Problem(f"there is no provider `{name}`", asked, "unknown-provider", fix))
    if entry is None:
        kind = name if name in BUILT_IN else "local"
        problems += _needs_address(kind, None, asked) if name in BUILT_IN else []
        return ProviderSettings(name=name, kind=kind, where=asked), problems
    where = root.place(("providers", name), key=True)
    address, wrong = _address(entry, root.at(("providers", name, "base_url")), environment)
    problems += [*wrong, *_needs_address(entry.kind, entry.base_url, where)]
    return _settings(name, entry, address, where), problems


def _settings(
    name: str, entry: ProviderSpec, address: str | None, where: Where
) -> ProviderSettings:
    prices = entry.price_per_second
    return ProviderSettings(
        name=name,
        kind=entry.kind,
        base_url=address,
        api_key_variable=entry.api_key[2:-1] if entry.api_key else None,
        models=dict(entry.models),
        price_per_second=prices if isinstance(prices, Decimal) else None,
        prices_per_second=dict(prices) if isinstance(prices, dict) else {},
        where=where,
    )


def _needs_address(kind: str, base_url: str | None, where: Where) -> list[Problem]:
    if kind != "azure" or base_url:
        return []
    fix = "add an entry with `kind: azure` and your resource's `base_url` under `providers`"
    message = "azure has no address of its own: every resource has one"
    return [Problem(message, where, "base-url", fix)]


def _renamed(spec: ManifestSpec, root: Node) -> list[Problem]:
    """A built-in name that means something else would make plans lie about where they go."""
    return [
        Problem(
            f"the built-in name `{name}` is given to a server of kind {entry.kind}",
            root.place(("providers", name), key=True),
            "provider-name",
            "give it another name",
        )
        for name, entry in spec.providers.items()
        if name in BUILT_IN and entry.kind != name
    ]


def _literal_addresses(chosen: str, spec: ManifestSpec, root: Node) -> list[Problem]:
    """What is wrong with the addresses of servers that are not used now."""
    problems: list[Problem] = []
    for name, entry in spec.providers.items():
        node = root.at(("providers", name, "base_url"))
        if name != chosen and entry.base_url and node and "${" not in entry.base_url:
            problems += _address(entry, node, {})[1]
    return problems


def _address(
    entry: ProviderSpec, node: Node | None, environment: Mapping[str, str]
) -> tuple[str | None, list[Problem]]:
    """The address with its variables filled in and no slash at the end."""
    if entry.base_url is None or node is None:
        return None, []
    problems: list[Problem] = []
    for found in _VARIABLE.finditer(entry.base_url):
        where = node.place_in(1, found.start() + 1, len(found[0]))
        if not (_NAME.fullmatch(found[1]) and found[0].endswith("}")):
            message = "this is no name of an environment variable"
            problems.append(Problem(message, where, "variable", "write it like ${GPU_BOX_URL}"))
        elif not environment.get(found[1]):
            message = f"the environment variable `{found[1]}` is not set"
            fix = f"set {found[1]} in the environment, or write the address here"
            problems.append(Problem(message, where, "variable", fix))
    if problems:
        return None, problems
    address = _VARIABLE.sub(lambda found: environment[found[1]], entry.base_url).strip()
    wrong = _wrong_with(address)
    if wrong:
        source = "the address made of these variables" if "${" in entry.base_url else "the address"
        message, fix = wrong
        return None, [Problem(f"{source} {message}", node.where, "base-url", fix)]
    return address.rstrip("/"), []


def _wrong_with(address: str) -> tuple[str, str] | None:
    """What is wrong with an address, and the fix; never the address itself."""
    example = "write it like http://gpu-box:8091/v1"
    try:
        parts = urlsplit(address)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return "is no URL", example
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_fine:
        return "is no http(s) URL", example
    if parts.username is not None or parts.password is not None:
        return "has a user name or password in it", "leave them out and use `api_key: ${NAME}`"
    if parts.query or parts.fragment:
        return "has a `?` or `#` part", "end it before that; paths are added to it"
    if not address.isprintable() or any(c.isspace() for c in address):
        return "has blanks in it", example
    return None
