"""Holds the house's import table by reading the sources: what may know of what.

Rooms are listed from the ground up. A module may import from its own room and from rooms below
it, never from one above; so no two rooms can need each other.
"""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "sora_batch"

ROOMS = (
    "problems errors clock durable shots records events "
    "manifest catalog store outputs media "
    "planning simulator engines providers running views review api "
    "sora_batch commands cli __main__"
).split()

WORDS = {"problems", "errors", "clock", "shots", "records", "events"}

# What only these rooms may import, though it is not above the others.
OWNED_LIBRARIES = {
    "sqlite3": {"store", "simulator"},
    "httpx": {"providers", "media"},
    "httpx_aiohttp": {"providers"},
    "aiohttp": {"providers"},
    "yaml": {"manifest"},
    "jinja2": {"manifest", "views"},
    "pydantic": {"manifest", "catalog", "providers"},
    "starlette": {"simulator", "review"},
    "uvicorn": {"simulator", "review"},
    "av": {"media", "simulator"},
    "PIL": {"media", "simulator"},
    "numpy": {"media", "simulator"},
    "click": {"commands", "cli"},
    "tqdm": {"views"},
}

# Rooms that are given a thing and may know only the shape of it.
ONLY_THE_SHAPE = {
    ("running", "providers"): {"sora_batch.providers.provider"},
    ("running", "engines"): {"sora_batch.engines.engine"},
}

EMPTY_NAMES = {"utils", "util", "core", "common", "helpers", "helper", "manager", "misc", "base"}

LONGEST_FILE = 300
LONGEST_FUNCTION = 40


class Import(NamedTuple):
    """One module imported by another, and where."""

    importer: str
    imported: str
    place: str


class Source(NamedTuple):
    """One module of the package, read."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def shown(self) -> str:
        """The path as a person would open it."""
        return self.path.relative_to(ROOT).as_posix()


def read(path: Path) -> Source:
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    text = path.read_text(encoding="utf-8")
    return Source(name, path, text, ast.parse(text))


SOURCES = {source.name: source for source in map(read, sorted(PACKAGE.rglob("*.py")))}


def room_of(module: str) -> str:
    """The room a module of the package stands in; the package itself is a room of its own."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def imports_of(source: Source) -> Iterator[Import]:
    """Every import of the module, also those inside functions; names resolved to modules."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(source.name, alias.name, f"{source.shown}:{node.lineno}")
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{source.shown}:{node.lineno}: a relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                imported = inner if inner in SOURCES else str(node.module)
                yield Import(source.name, imported, f"{source.shown}:{node.lineno}")


ALL_IMPORTS = [each for source in SOURCES.values() for each in imports_of(source)]
OWN_IMPORTS = [each for each in ALL_IMPORTS if each.imported.split(".")[0] == "sora_batch"]


def listed(faults: list[str]) -> str:
    return "\n" + "\n".join(faults)


def test_every_room_has_its_place_in_the_order() -> None:
    rooms = {room_of(name) for name in SOURCES}
    assert rooms <= set(ROOMS)
    assert len(OWN_IMPORTS) > 100


def test_imports_point_down() -> None:
    faults = [
        f"{each.place}: {room_of(each.importer)} may not import {each.imported}, which is above it"
        for each in OWN_IMPORTS
        if ROOMS.index(room_of(each.imported)) > ROOMS.index(room_of(each.importer))
    ]
    assert not faults, listed(faults)


def test_no_module_needs_itself_in_the_end() -> None:
    graph: dict[str, set[str]] = {}
    for each in OWN_IMPORTS:
        graph.setdefault(each.importer, set()).add(each.imported)
    try:
        order = list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        pytest.fail(f"an import cycle: {' -> '.join(error.args[1])}")
    assert "sora_batch.shots" in order


def test_planning_is_given_the_history_and_never_opens_a_store() -> None:
    faults = [e.place for e in between("planning", "store", "outputs")]
    assert not faults, listed(faults)


@pytest.mark.parametrize(("importer", "imported"), ONLY_THE_SHAPE)
def test_a_run_is_given_its_provider_and_its_engine(importer: str, imported: str) -> None:
    shapes = ONLY_THE_SHAPE[importer, imported]
    uses = list(between(importer, imported))
    faults = [f"{e.place}: {e.imported}" for e in uses if e.imported not in shapes]
    assert uses, f"{importer} is not given anything of {imported}"
    assert not faults, listed(faults)


def test_commands_know_the_api_the_views_and_the_words() -> None:
    allowed = WORDS | {"sora_batch", "api", "views", "commands"}
    faults = [
        f"{e.place}: {e.imported}"
        for e in OWN_IMPORTS
        if room_of(e.importer) == "commands" and room_of(e.imported) not in allowed
    ]
    assert not faults, listed(faults)


@pytest.mark.parametrize("library", OWNED_LIBRARIES)
def test_a_library_is_used_only_by_the_rooms_that_own_it(library: str) -> None:
    uses = [e for e in ALL_IMPORTS if e.imported.split(".")[0] == library]
    faults = [e.place for e in uses if room_of(e.importer) not in OWNED_LIBRARIES[library]]
    assert uses, f"nobody uses {library} any more"
    assert not faults, listed(faults)


def test_imports_stand_at_the_top_of_their_file() -> None:
    faults = [
        f"{source.shown}:{inner.lineno}: an import inside {function.name}"
        for source in SOURCES.values()
        if room_of(source.name) not in {"commands", "cli"}
        for function in functions_of(source)
        for inner in ast.walk(function)
        if isinstance(inner, (ast.Import, ast.ImportFrom))
    ]
    assert not faults, listed(faults)


def test_types_are_imported_like_everything_else() -> None:
    faults = [source.shown for source in SOURCES.values() if "TYPE_CHECKING" in source.text]
    assert not faults, listed(faults)


def test_files_hold_one_idea() -> None:
    lengths = {source.shown: source.text.count("\n") for source in SOURCES.values()}
    faults = [f"{path}: {lines} lines" for path, lines in lengths.items() if lines > LONGEST_FILE]
    assert not faults, listed(faults)


def test_functions_can_be_seen_whole() -> None:
    faults = [
        f"{source.shown}:{function.lineno}: {function.name} has {lines} lines"
        for source in SOURCES.values()
        for function in functions_of(source)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not faults, listed(faults)


def test_names_of_files_say_what_is_in_them() -> None:
    faults = [
        source.shown
        for source in SOURCES.values()
        if EMPTY_NAMES & {word for part in source.name.split(".") for word in part.split("_")}
    ]
    assert not faults, listed(faults)


def between(importer: str, *imported: str) -> Iterator[Import]:
    """The imports from one room of any of the others."""
    for each in OWN_IMPORTS:
        if room_of(each.importer) == importer and room_of(each.imported) in imported:
            yield each


def functions_of(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of the module, also inner ones."""
    for node in ast.walk(source.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node
