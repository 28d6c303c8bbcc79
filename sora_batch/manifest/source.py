"""Reads a YAML file into data with positions, and says in our words why it cannot.

YAML 1.2-minded: only `true` and `false` are booleans, `16:9` and dates are text. Nothing in a file
can run code, recurse, or grow without bound.

The trap: the C parser counts NEL, LS and PS as line ends and editors do not; such characters are
refused like other invisible ones, or every place below them would be wrong.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from sora_batch.manifest.compose import Composer, Unreadable
from sora_batch.manifest.document import Document, Node, Source
from sora_batch.manifest.syntax import explain_syntax
from sora_batch.problems import Problem, Where, closest

__all__ = ["BYTES_LIMIT", "Document", "Node", "Source", "read_document", "read_text"]

BYTES_LIMIT: Final = 64 * 1024 * 1024

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_INVISIBLE = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
PARSER: Final[Callable[[str], Any]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_document(path: Path) -> tuple[Document | None, list[Problem]]:
    """The file at the path, shown to people as given; the root may be of any kind.

    Never raises for what is in the file. A document may come with problems: it then holds what
    could be read.
    """
    file = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(BYTES_LIMIT + 1)
    except OSError as error:
        return None, [_unreachable(file, path, error)]
    if len(content) > BYTES_LIMIT:
        message = f"the file is larger than {BYTES_LIMIT >> 20} MB"
        fix = "put long lists into a CSV file and name it under `for_each`"
        return None, [Problem(message, Where(file), "too-large", fix)]
    text, problem = _decode(file, content)
    if problem:
        return None, [problem]
    return read_text(file, text, sha256=hashlib.sha256(content).hexdigest())


def read_text(
    file: str, text: str, *, sha256: str = "", parser: Callable[[str], Any] = PARSER
) -> tuple[Document | None, list[Problem]]:
    """A text that was already read, as a document of that name."""
    source = Source(file, text.replace("\r\n", "\n").replace("\r", "\n"))
    invisible = _INVISIBLE.search(source.text)
    if invisible:
        return None, [_unwanted(source, invisible)]
    composer = Composer(source)
    try:
        root = composer.compose(_events(source, parser))
    except Unreadable as stop:
        return None, [*composer.problems, stop.problem]
    except yaml.MarkedYAMLError as error:
        return None, [*composer.problems, explain_syntax(source, error)]
    except (yaml.YAMLError, ValueError, OverflowError):
        return None, [Problem("this is not YAML", Where(file), "yaml")]
    source.parsed = True
    return Document(file, root or Node(source, 1, 1, 1, None), sha256), composer.problems


def _events(source: Source, parser: Callable[[str], Any]) -> Iterator[yaml.Event]:
    reading = parser(source.text)
    try:
        yield from iter(reading.get_event, None)
    finally:
        reading.dispose()


def _decode(file: str, content: bytes) -> tuple[str, Problem | None]:
    mark, encoding = next(((m, e) for m, e in _MARKS if content.startswith(m)), (b"", "utf-8"))
    body = content[len(mark) :]
    if not mark and b"\0" in content[:64]:
        fix = "save it as UTF-8"
        return "", Problem(
            "the file is UTF-16 without a mark, or no text", Where(file), "encoding", fix
        )
    try:
        return body.decode(encoding), None
    except UnicodeDecodeError as error:
        before = body[: error.start].decode(encoding, "replace")
        line = before.count("\n") + 1
        column = len(before) - before.rfind("\n")
        rest = body[error.start : error.start + 200].decode(encoding, "replace")
        text = (before.rsplit("\n", 1)[-1] + rest).split("\n", 1)[0]
        where = Where(file, line, column, 1, text.rstrip("\r"))
        message = f"this is not {encoding.upper()} text"
        return "", Problem(message, where, "encoding", "save the file as UTF-8")


def _unwanted(source: Source, found: re.Match[str]) -> Problem:
    line = source.text.count("\n", 0, found.start()) + 1
    column = found.start() - source.text.rfind("\n", 0, found.start())
    name = unicodedata.name(found[0], "a control character").lower()
    code = f"\\u{ord(found[0]):04x}"
    return Problem(
        f"an invisible character, U+{ord(found[0]):04X} ({name})",
        source.where(line, column),
        "invisible-character",
        f"delete it, or write it as {code} in double quotes",
    )


def _unreachable(file: str, path: Path, error: OSError) -> Problem:
    where = Where(file)
    if isinstance(error, FileNotFoundError):
        # Endings are alike in all of them and say nothing of what was meant.
        names = {Path(name).stem: name for name in reversed(_beside(path))}
        near = names.get(closest(path.stem, names), "")
        fix = f"did you mean `{near}`?" if near else "check the path"
        return Problem("there is no such file", where, "missing-file", fix)
    if isinstance(error, IsADirectoryError) or path.is_dir():
        return Problem("this is a folder", where, "missing-file", "name a YAML file in it")
    reason = error.strerror or "unknown reason"
    return Problem(f"the file cannot be read: {reason}", where, "missing-file")


def _beside(path: Path) -> list[str]:
    """The YAML files that do stand in that folder."""
    try:
        return sorted(other.name for other in path.parent.glob("*.y*ml"))
    except OSError:
        return []
