"""Debian's Chromium without a head, and a page that must not complain or ask a network."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="pages are tested with playwright")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = (1440, 1000)
PHONE = (390, 844)


@dataclass
class Watched:
    """A page, with what it complained of and what it asked for besides files."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def violations(self) -> list[str]:
        """What axe-core finds wrong, as rule and element."""
        self.page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{rule['id']}: {node['html'][:120]}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]


def until(page: Any, expression: str, *, within_s: float = 15.0) -> None:
    """Waits until the expression is true on the page.

    The driver's own waiting evaluates text inside the page, which the page's policy forbids.
    """
    ends = time.monotonic() + within_s
    while not page.evaluate(expression):
        assert time.monotonic() < ends, f"never true: {expression}"
        page.wait_for_timeout(50)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One browser for all pages."""
    if not os.environ.get("SORA_BATCH_PAGES"):
        pytest.skip("pages are tested in Chromium on demand: set SORA_BATCH_PAGES=1")
    if CHROMIUM is None:
        pytest.skip("pages are tested in Chromium, which is not installed: apt install chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Any]:
    """Opens a file as a person would, from disk and without a network."""
    contexts = []

    def visited(
        path: Path, *, size: tuple[int, int] = DESKTOP, scheme: str = "light", then: str = ""
    ) -> Watched:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, offline=True
        )
        contexts.append(context)
        watched = Watched(context.new_page())
        page = watched.page
        page.set_default_timeout(15_000)
        page.on("console", lambda said: watched.complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        page.on("requestfailed", lambda asked: watched.complaints.append(f"failed: {asked.url}"))
        page.on("request", lambda asked: watched.requests.append(asked.url))
        page.goto(f"{path.as_uri()}{then}")
        return watched

    yield visited
    for context in contexts:
        context.close()
