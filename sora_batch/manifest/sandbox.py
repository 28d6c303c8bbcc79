"""Jinja2 in the immutable sandbox, with bounds: no template hangs, fills memory, or sees the world.

Jinja's own sandbox keeps a template from the program's insides, not from the machine's time and
memory. So everything in which a template can do much with few words is counted here, in units of
about a microsecond: steps of loops, calls, filters, joined text. The count is over one rendering
and has nothing to do with a clock: what renders on one machine renders on every other.

There is no clock, no environment and no chance: `random`, `lipsum` and the stateful helpers
(`namespace`, `cycler`, `joiner`) do not exist. In mappings an entry comes before a method, so that
a column called `copy` or `items` is that column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial, wraps
from typing import Any, cast

from jinja2 import (
    BaseLoader,
    StrictUndefined,
    Template,
    TemplateRuntimeError,
    UndefinedError,
    nodes,
)
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing
from jinja2.visitor import NodeTransformer

from sora_batch.manifest.bounds import (
    MAX_RANGE,
    MAX_TEXT,
    MAX_UNITS,
    TOO_MUCH,
    WIDE_BRACES,
    WIDE_PERCENT,
    Overspent,
    bounded_range,
    check_arguments,
    check_format,
    check_join,
    check_replace,
    deep_size,
    grown_size,
    is_large,
)
from sora_batch.manifest.slugs import slug

_FORBIDDEN_METHODS = frozenset({"encode", "maketrans", "to_bytes", "translate"})


class UnknownName(UndefinedError):
    """A name or attribute that is not there: `name`, and the object asked (missing: the scope)."""

    def __init__(self, message: str | None, *, name: object, owner: object) -> None:
        super().__init__(message)
        self.name = name
        self.owner = owner

    @property
    def in_scope(self) -> bool:
        """Whether it is a name of the template's own, not an attribute of something."""
        return self.owner is missing


class Missing(StrictUndefined):
    """An undefined value that remembers what was asked for when it fails."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: Callable[[str | None], TemplateRuntimeError] = UndefinedError,
    ) -> None:
        if exc is UndefinedError:
            exc = partial(UnknownName, name=name, owner=obj)
        super().__init__(hint, obj, name, exc)  # type: ignore[arg-type]


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment every template of a manifest is compiled in."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, loader: BaseLoader) -> None:
        super().__init__(
            loader=loader,
            undefined=Missing,
            finalize=_not_nothing,
            keep_trailing_newline=True,
            autoescape=False,
            auto_reload=False,
        )
        self.units = 0
        self.globals.clear()
        self.globals["range"] = bounded_range
        own = {"slug": _slug_filter, "words": _words_filter}
        filters = {**self.filters, **own}
        del filters["random"]
        self.filters = {name: self._metered(name, run) for name, run in filters.items()}

    def charge(self, units: int) -> None:
        """Counts work; raises Overspent when a rendering has done too much."""
        self.units += units
        if self.units > MAX_UNITS:
            raise Overspent(TOO_MUCH)

    def sized(self, value: Any) -> Any:
        """The value, charged for; raises Overspent where it is too large to go on with."""
        if isinstance(value, (str, list, tuple, dict)):
            if len(value) > MAX_TEXT:
                raise Overspent(TOO_MUCH)
            self.charge(1 + len(value) // 64)
        return value

    def steps(self, items: Iterable[Any]) -> Iterator[Any]:
        """What a loop goes over, each step charged."""
        for item in items:
            self.charge(5)
            yield item

    def joined(self, *parts: Any) -> str:
        """What `~` makes."""
        return self.concat(str(part) for part in parts)

    def boxed(self, box: Any) -> Any:
        """A list, tuple or mapping a template has made: nesting must not multiply unseen."""
        self.charge(deep_size(box, MAX_RANGE))
        return box

    def concat(self, parts: Iterable[str]) -> str:
        """Text put together, charged before it is made."""
        known = list(parts)
        if sum(map(len, known)) > MAX_TEXT:
            raise Overspent(TOO_MUCH)
        self.charge(1 + len(known))
        return "".join(known)

    def get_template(self, *args: Any, **kwargs: Any) -> Template:
        """An included file, charged for."""
        self.charge(200)
        return super().get_template(*args, **kwargs)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`obj.attribute`: a mapping's entry comes before a method of that name."""
        if isinstance(obj, Mapping):
            try:
                return obj[attribute]
            except KeyError:
                pass
        return super().getattr(obj, attribute)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """A call in a template, charged; methods that blow values up are bounded."""
        self.charge(10)
        name, owner = getattr(obj, "__name__", ""), getattr(obj, "__self__", None)
        if isinstance(owner, (str, int, float, bytes)):
            if name in _FORBIDDEN_METHODS or any(is_large(arg) for arg in args):
                raise Overspent(TOO_MUCH)
            if name == "join" and args:
                args = (list(args[0]), *args[1:])
                check_join(args[0], owner)
            elif name == "replace":
                check_replace(owner, args, kwargs)
        return self.sized(super().call(context, obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """The operators that can grow a value, looked at first."""
        self.charge(1)
        if grown_size(operator, left, right) > MAX_TEXT:
            raise Overspent(TOO_MUCH)
        return self.sized(super().call_binop(context, operator, left, right))

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """`str.format`, sandboxed as Jinja does it, without fields wider than a prompt."""
        safe = super().wrap_str_format(value)
        if safe is None:
            return None

        @wraps(safe)
        def bounded(*args: Any, **kwargs: Any) -> str:
            check_format(value.__self__, "{", WIDE_BRACES, (*args, *kwargs.values()))
            return str(safe(*args, **kwargs))

        return bounded

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: nodes.Template = _Metering().visit(super()._parse(source, name, filename))
        tree.set_environment(self)
        return tree

    def _metered(self, name: str, run: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(run)
        def metered(*args: Any, **kwargs: Any) -> Any:
            self.charge(3)
            first = 1 if hasattr(run, "jinja_pass_arg") else 0
            value, given = args[first], (*args[first + 1 :], *kwargs.values())
            check_arguments(name, given)
            if name == "format":
                check_format(str(value), "%", WIDE_PERCENT, given)
            elif name == "join":
                value = list(value)
                check_join(value, given[0] if given else "")
            elif name == "replace":
                check_replace(str(value), args[first + 1 :], kwargs)
            return self.sized(run(*args[:first], value, *args[first + 1 :], **kwargs))

        return metered


class _Metering(NodeTransformer):
    """Rewrites a parsed template so that what costs goes through the sandbox's own counters."""

    def visit_For(self, node: nodes.For) -> nodes.For:
        self.generic_visit(node)
        node.iter = _through("steps", cast("nodes.Expr", node.iter))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:
        self.generic_visit(node)
        return _through("joined", *node.nodes)

    def visit_List(self, node: nodes.List) -> nodes.Expr:
        self.generic_visit(node)
        return _through("boxed", node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Expr:
        self.generic_visit(node)
        return _through("boxed", node) if node.ctx == "load" else node

    def visit_Dict(self, node: nodes.Dict) -> nodes.Expr:
        self.generic_visit(node)
        return _through("boxed", node)


def _through(counter: str, *args: nodes.Expr) -> nodes.Call:
    line = args[0].lineno
    attribute = nodes.EnvironmentAttribute(counter, lineno=line)
    return nodes.Call(attribute, list(args), [], None, None, lineno=line)


def _not_nothing(value: Any) -> Any:
    """`None` in the middle of a prompt is never what was meant."""
    if value is None:
        raise TemplateRuntimeError("a value here is empty (null)")
    return value


def _slug_filter(value: Any) -> str:
    return slug(str(value))


def _words_filter(value: Any, count: int) -> str:
    """The first `count` words, with single spaces between them."""
    return " ".join(str(value).split()[: max(0, count)])
