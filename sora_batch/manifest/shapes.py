"""Walks the schema's types: which fields may stand at a path, and which models there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel


def fields_at(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """The keys a mapping at this path of a manifest may have, in the schema's order."""
    found: list[Any] = [model]
    for step in path:
        found = [below for shape in found for below in _below(shape, step)]
    names = [name for shape in found for each in models_in(shape) for name in each.model_fields]
    return list(dict.fromkeys(names))


def models_in(shape: Any) -> Iterator[type[BaseModel]]:
    """The models a value of this type may be itself; not those of its items."""
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        yield shape
    elif get_origin(shape) not in {dict, list, tuple, Literal}:
        for part in _parts(shape):
            yield from models_in(part)


def _parts(shape: Any) -> tuple[Any, ...]:
    parts = get_args(shape)
    return parts[:1] if get_origin(shape) is Annotated else parts


def _below(shape: Any, step: str | int) -> Iterator[Any]:
    """The types of what stands under a key or at an index."""
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        if isinstance(step, str) and step in shape.model_fields:
            yield shape.model_fields[step].annotation
    elif get_origin(shape) is dict:
        yield get_args(shape)[1]
    elif get_origin(shape) in {list, tuple}:
        yield get_args(shape)[0]
    else:
        for part in _parts(shape):
            if part is not shape:
                yield from _below(part, step)
