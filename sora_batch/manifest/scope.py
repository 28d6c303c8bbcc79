"""The names a template may use, and what has been made of them so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol, TypeAlias

from sora_batch.manifest.faults import TemplateFault
from sora_batch.shots import Json

Way: TypeAlias = tuple[str | int, ...]
"""The way to a value in the manifest, as `Draft.where` takes it."""

RESERVED_NAMES = frozenset(
    {"shot", "snippets", "row", "model", "size", "seconds", "width", "height"}
)
"""Names that mean the shot's own in every template; nothing else may take them."""

ABSENT: Final[Any] = object()
"""What stands for a value that is not there."""


class Renders(Protocol):
    """What a scope needs to render the templates among its values."""

    snippets: Mapping[str, str]

    def text(self, text: str, scope: Scope, way: Way) -> str:
        """The text rendered; raises TemplateFault."""
        ...

    def fill(self, value: Json, scope: Scope, way: Way) -> Json:
        """The value with every string in it rendered; raises TemplateFault."""
        ...


class Scope:
    """`names` are plain values. `late` are names whose values are templates themselves, each with
    the way to where it was written; they move into `names` as they are asked for.

    `busy` says which of them are being rendered right now.
    """

    __slots__ = ("_made", "busy", "late", "names", "templates")

    def __init__(
        self,
        templates: Renders,
        names: dict[str, Any],
        late: Mapping[str, tuple[Json, Way]] | None = None,
    ) -> None:
        self.templates = templates
        self.names = names
        self.late = late or {}
        self.busy: tuple[str, ...] = ()
        self._made: dict[str, str] | None = None

    def find(self, name: str) -> Any:
        """The value behind a name that is not in `names`; ABSENT where there is none.

        Raises TemplateFault where the value is a template that fails.
        """
        if name == "snippets":
            return Snippets(self)
        if name not in self.late:
            return ABSENT
        value, way = self.late[name]
        made = self._guarded(name, lambda: self.templates.fill(value, self, way))
        self.names[name] = made
        return made

    def snippet(self, name: str) -> str:
        """The snippet, rendered in this scope. Raises KeyError, TemplateFault."""
        if self._made is not None and name in self._made:
            return self._made[name]
        text = self.templates.snippets[name]
        way = ("snippets", name)
        made = str(self._guarded(f"snippets.{name}", lambda: self.templates.text(text, self, way)))
        self._made = {**(self._made or {}), name: made}
        return made

    def known(self) -> set[str]:
        """Every name a template may use here."""
        return {*self.names, *self.late, "snippets"}

    def _guarded(self, name: str, make: Callable[[], Any]) -> Any:
        if name in self.busy:
            circle = " → ".join(f"`{step}`" for step in (*self.busy[self.busy.index(name) :], name))
            raise TemplateFault(
                f"`{name}` is made of itself: {circle}",
                "template-recursion",
                fix="write one of them out without the other",
            )
        before, self.busy = self.busy, (*self.busy, name)
        try:
            return make()
        finally:
            self.busy = before


class Snippets(Mapping[str, str]):
    """`snippets` as a template sees it: each rendered when it is asked for."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __getitem__(self, name: str) -> str:
        return self._scope.snippet(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._scope.templates.snippets)

    def __len__(self) -> int:
        return len(self._scope.templates.snippets)


def entry(value: Any, step: str) -> Any:
    """`value.step` where it is an entry of plain data; ABSENT for anything Jinja must look at."""
    if type(value) is dict or type(value) is Snippets:
        return value.get(step, ABSENT)
    return ABSENT
