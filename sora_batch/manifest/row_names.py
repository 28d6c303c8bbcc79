"""Reads the rows of a shot spec and gives each the word it has in shot ids.

The word is the slug of the row's key, or its number. A `for_each` may be a template itself
(`data/{{ market }}.csv`), and so may the strings of an inline list; what stands in a file is data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from sora_batch.manifest.draft import Draft
from sora_batch.manifest.families import Family
from sora_batch.manifest.faults import TemplateFault
from sora_batch.manifest.findings import Findings
from sora_batch.manifest.layers import Written
from sora_batch.manifest.rows import Rows, read_rows
from sora_batch.manifest.scope import Way
from sora_batch.manifest.scopes import Scopes
from sora_batch.manifest.slugs import slug
from sora_batch.problems import Where
from sora_batch.shots import Json


class RowNames:
    """Reads and names rows; `files` are those that were read."""

    def __init__(self, draft: Draft, scopes: Scopes, findings: Findings) -> None:
        self.files: dict[Path, bytes] = {}
        self._draft = draft
        self._scopes = scopes
        self._findings = findings

    def read(self, family: Family, own: Mapping[str, Written]) -> bool:
        """Puts the rows into the family; False where there are none that could be made shots of.

        `own` are the names of the shot's own vars.
        """
        way = (*family.way, "for_each")
        names, late = self._scopes.names(own)
        scope = self._scopes.scope(names, late)
        try:
            wanted = self._scopes.templates.fill(family.spec.for_each, scope, way)
        except TemplateFault as fault:
            self.report(fault, way)
            return False
        rows = self._inline(family, wanted, way) if isinstance(wanted, list) else None
        if rows is None and not isinstance(wanted, list):
            rows = self._from_file(family, str(wanted), way)
        if rows is None:
            return False
        family.rows = rows
        if family.spec.key is None:
            numbers = range(len(rows.records))
            family.row_words, family.row_numbers = [str(i + 1) for i in numbers], numbers
            return True
        return self._name(family, rows, own)

    def report(
        self, fault: TemplateFault, way: Way, shot: str = "", row: Where | None = None
    ) -> None:
        """A template that names rows or shots, and fails."""
        where = fault.where or self._draft.where(way)
        self._findings.befall(shot, fault.message, where, fault.code, fault.fix, also=(row,))

    def _inline(self, family: Family, records: list[Json], way: Way) -> Rows | None:
        if not records:
            message = "this list is empty, so there is nothing to make"
            fix = "add rows, or leave the shot out"
            self._findings.add(message, self._draft.where(way), "rows", fix)
            return None
        text = json.dumps(records, sort_keys=True, ensure_ascii=True)
        family.origin = hashlib.sha256(text.encode()).hexdigest()
        return Rows(records)

    def _from_file(self, family: Family, name: str, way: Way) -> Rows | None:
        rows, problems, files = read_rows(self._draft.folder, name, self._draft.where(way))
        family.origin = tuple(map(str, files))
        self.files.update(files)
        self._findings.extend(problems)
        return rows

    def _name(self, family: Family, rows: Rows, own: Mapping[str, Written]) -> bool:
        way = (*family.way, "key")
        names, late = self._scopes.names(own)
        templates, key = self._scopes.templates, family.spec.key or ""
        words: dict[str, int] = {}
        for index, record in enumerate(rows.records):
            scope = self._scopes.scope(names, late, row=record)
            try:
                word = slug(templates.text(key, scope, way))
            except TemplateFault as fault:
                where = self._where(family, rows, index)
                self.report(fault, way, f"{family.word}.{index + 1}", where)
                continue
            if word and word not in words:
                words[word] = index
            else:
                self._refuse(family, rows, index, word, words.get(word))
        family.row_words, family.row_numbers = list(words), list(words.values())
        return bool(words)

    def _refuse(self, family: Family, rows: Rows, index: int, word: str, other: int | None) -> None:
        here = self._where(family, rows, index)
        where = self._draft.where((*family.way, "key"))
        if other is None:
            message = "the key has nothing that can stand in a shot id"
            shot, fix = f"{family.word}.{index + 1}", "use a key with letters or digits"
            self._findings.befall(shot, message, where, "shot-id", fix, also=(here,))
            return
        message, fix = "rows come to the same shot id", "use a key that is different for every row"
        also = (self._where(family, rows, other), here)
        self._findings.befall(f"{family.word}.{word}", message, where, "same-id", fix, also=also)

    def _where(self, family: Family, rows: Rows, index: int) -> Where:
        return rows.where(index) or self._draft.where((*family.way, "for_each", index))
