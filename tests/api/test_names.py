"""The public names: what the table finds is what the stub files promise."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sora_batch
from sora_batch import api

PACKAGE = Path(sora_batch.__file__).parent


def stub_names(stub: Path) -> dict[str, str]:
    """Name to module, as a stub file imports them."""
    return {
        alias.asname or alias.name: node.module or ""
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_every_name_is_where_the_stub_says() -> None:
    said = stub_names(PACKAGE / "api" / "__init__.pyi")
    assert said == {name: f"sora_batch.api.{home}" for name, home in api.HOMES.items()}


def test_the_package_offers_the_same_names() -> None:
    said = stub_names(PACKAGE / "__init__.pyi")
    assert set(said) == set(api.HOMES)


@pytest.mark.parametrize("name", sorted(api.HOMES))
def test_every_name_is_found_and_documented(name: str) -> None:
    assert getattr(sora_batch, name).__doc__


def test_an_unknown_name_is_an_ordinary_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = sora_batch.nonsense  # type: ignore[attr-defined]
