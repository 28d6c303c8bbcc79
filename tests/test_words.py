"""Holds the house's vocabulary and voice: one word per thing, in code, messages and docs.

Each forbidden word stands beside the right one. A name that is not ours to choose (a wire format's,
a library's) is allowed by its full spelling, with whose it is.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "sora_batch"

INSTEAD = {
    "config": "manifest, or settings",
    "configuration": "manifest, or settings",
    "cost": "price (a rate), estimate (a plan's) or spend (an attempt's)",
    "costs": "price, estimate or spend",
    "artifact": "clip, sidecar or thumbnail",
    "artefact": "clip, sidecar or thumbnail",
    "asset": "picture",
    "backend": "provider or engine",
    "checksum": "digest",
    "dag": "graph",
    "dependencies": "needs",
    "dependency": "need",
    "footage": "clip",
    "iteration": "take, or attempt",
    "metadata": "sidecar",
    "movie": "clip",
    "permutation": "sweep",
    "pipeline": "plan",
    "quarantine": "hold",
    "quota": "limit, or budget",
    "task": "shot, job or attempt",
    "ticket": "job",
    "vendor": "provider",
    "workflow": "plan",
}

# Names that are somebody else's.
ALLOWED_NAMES = {
    "model_config": "pydantic's",
    "task": "asyncio's",
    "cost_usd": "what a server calls it",
}

# What a sentence for people may not say, and what it says instead.
SAID_BETTER = {
    r"(?<!at )\b(?:the|a|its|no|any|total|estimated) costs?\b": (
        "price, estimate or spend; `cost` is a verb"
    ),
    r"\bconfig(?:uration)? files?\b": "manifest",
    r"\bvideo files?\b": "clip",
    r"\bdependenc(?:y|ies)\b": "need",
    r"\b(?:work|render|video) (?:item|task)s?\b": "shot or job",
    r"\bback-?ends?\b": "provider or engine",
    r"\bcheck-?sums?\b": "digest",
    r"\bartefacts?\b|\bartifacts?\b": "clip, sidecar or thumbnail",
    r"\bidempotent jobs?\b": "operation",
    r"\bplease\b|\boops\b|\bsorry\b": "say what to do",
    r"\bsimply\b(?! be run again)|\bobviously\b|\bbasically\b": "leave it out",
    r"\bNote that\b|\bIt should be noted\b": "say it",
    r"\b(?:TODO|FIXME|XXX|HACK)\b": "do it, or leave it",
    r"\butili[sz]e": "use",
}

BANNER = re.compile(r"#\s*(?:[-=*#~_]{4,}|.*[-=*#~]{4,}\s*$)")

# In pieces, so that this file does not hold what it looks for.
REGISTRIES = "|".join(
    "".join(pieces)
    for pieces in (
        ("py", r"pi\.org"),
        ("python", "hosted"),
        ("artif", "actory"),
        ("dev", "pi"),
        ("index", "-url"),
        ("trusted", "-host"),
        ("registry", r"\.npmjs"),
    )
)
MACHINES = "|".join(("/wor" + "k/", "/tm" + "p/w/", "/roo" + "t/", "/User" + "s/"))
ELSEWHERE = re.compile(f"{REGISTRIES}|{MACHINES}")

NOT_OURS = {
    ".git",
    ".venv",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
    "__pycache__",
    "outputs",
    "build",
    "dist",
    "sora_batch.egg-info",
}
TEXTS = {".py", ".toml", ".md", ".yaml", ".yml", ".txt", ".csv", ".sql", ".j2", ".html", ".cfg", ""}

WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")


def files_of(folder: Path) -> Iterator[Path]:
    """Every text of the project below the folder."""
    for path in sorted(folder.iterdir()):
        if path.name in NOT_OURS:
            continue
        if path.is_dir():
            yield from files_of(path)
        elif path.suffix in TEXTS:
            yield path


SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in files_of(PACKAGE)
    if path.suffix == ".py"
}
TREES = {name: ast.parse(text) for name, text in SOURCES.items()}


def names_of(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name the module gives to something, and its line."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node.lineno
            case ast.arg():
                yield node.arg, node.lineno
            case ast.Name(ctx=ast.Store()):
                yield node.id, node.lineno


def texts_of(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every string of the module, docstrings and messages alike, and its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value, node.lineno


def comments_of(text: str) -> Iterator[tuple[str, int]]:
    """Every comment of a source, and its line."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string, token.start[0]


SAID = [
    (file, line, said)
    for file, text in SOURCES.items()
    for said, line in (*texts_of(TREES[file]), *comments_of(text))
]


def listed(faults: list[str]) -> str:
    return "\n" + "\n".join(faults)


def test_names_use_the_words_of_the_house() -> None:
    faults = [
        f"{file}:{line}: {name}: say {INSTEAD[word]}, not {word}"
        for file, tree in TREES.items()
        for name, line in names_of(tree)
        if name not in ALLOWED_NAMES
        for word in (part.lower() for part in WORD.findall(name))
        if word in INSTEAD
    ]
    assert not faults, listed(faults)


@pytest.mark.parametrize("pattern", SAID_BETTER)
def test_sentences_use_the_words_of_the_house(pattern: str) -> None:
    wrong = re.compile(pattern)
    faults = [
        f"{file}:{line}: `{found[0]}`: {SAID_BETTER[pattern]}"
        for file, line, said in SAID
        if (found := wrong.search(said))
    ]
    assert not faults, listed(faults)


def test_every_module_says_what_it_does() -> None:
    faults = [file for file, tree in TREES.items() if not ast.get_docstring(tree)]
    assert not faults, listed(faults)


def test_everything_public_says_what_it_means() -> None:
    faults = [
        f"{file}:{node.lineno}: {node.name}"
        for file, tree in TREES.items()
        for node in public_things(tree)
        if not ast.get_docstring(node)
    ]
    assert not faults, listed(faults)


def public_things(
    body: ast.Module | ast.ClassDef,
) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Classes, functions and methods that others may use: those without an underscore."""
    for node in body.body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if node.name.startswith("_"):
            continue
        yield node
        if isinstance(node, ast.ClassDef):
            yield from public_things(node)


def test_files_have_no_banners() -> None:
    faults = [
        f"{path.relative_to(ROOT)}:{line}: {comment}"
        for folder in ("sora_batch", "tests", "benchmarks")
        for path in files_of(ROOT / folder)
        if path.suffix == ".py"
        for comment, line in comments_of(path.read_text(encoding="utf-8"))
        if BANNER.match(comment)
    ]
    assert not faults, listed(faults)


def test_nothing_names_one_machine_or_a_package_index() -> None:
    faults = [
        f"{path.relative_to(ROOT)}:{number}: {found[0]}"
        for path in files_of(ROOT)
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1)
        if (found := ELSEWHERE.search(line))
    ]
    assert not faults, listed(faults)
