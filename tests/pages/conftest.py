"""Chromium without a head, and a page that must not complain or ask a network.

One browser serves all pages of a file. SORA_BATCH_PAGES=0 leaves the pages out; with 1, as
in CI, it is a failure that there is no Chromium. Unset, the pages are skipped where there is none.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WANTED = os.environ.get("SORA_BATCH_PAGES", "")
MISSING = "pages are tested in Chromium, which is not installed here: apt install chromium"
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
# For what is there in a moment: on a busy machine a moment is long.
PATIENCE_S = 30.0
AXE = files("axe_playwright_python").joinpath("axe.min.js")


@dataclass
class Watched:
    """A page, with what it complained of and what it asked for besides files."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def violations(self, within: str = "html") -> list[str]:
        """What axe-core finds wrong, as rule and element."""
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate(f"axe.run('{within}', {{resultTypes: ['violations']}})")
        return [
            f"{rule['id']}: {node['html'][:120]}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]


Visit: TypeAlias = Callable[..., Watched]


def until(page: Page, expression: str) -> None:
    """Waits until the expression is true on the page.

    The driver's own waiting evaluates text inside the page, which the page's policy forbids.
    """
    ends = time.monotonic() + PATIENCE_S
    while not page.evaluate(expression):
        assert time.monotonic() < ends, f"never true: {expression}"
        page.wait_for_timeout(50)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips the pages where they cannot be seen; as a mark, because marks make one line of all."""
    if WANTED == "0":
        why = "pages are left out: SORA_BATCH_PAGES=0"
    elif CHROMIUM is None and WANTED != "1":
        why = MISSING
    else:
        return
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.skip(reason=why))


# Not for the session: while the driver is at work its event loop runs in this thread, and no other
# test could run one.
@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all pages of a file, with a profile and a home of its own."""
    if CHROMIUM is None:
        pytest.fail(MISSING, pytrace=False)
    home = str(tmp_path_factory.mktemp("home"))
    expect.set_options(timeout=1000 * PATIENCE_S)
    with sync_playwright() as started:
        opened = started.chromium.launch(
            executable_path=CHROMIUM,
            args=FLAGS,
            env={**os.environ, "HOME": home, "XDG_CONFIG_HOME": home},
            timeout=1000 * 4 * PATIENCE_S,
        )
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Opens a file as a person would, from disk and without a network."""
    contexts = []

    def visited(
        path: Path, *, size: tuple[int, int] = DESKTOP, scheme: str = "light", then: str = ""
    ) -> Watched:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            offline=True,
        )
        contexts.append(context)
        context.set_default_timeout(1000 * PATIENCE_S)
        watched = Watched(context.new_page())
        page = watched.page
        page.on("console", lambda said: watched.complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        page.on("requestfailed", lambda asked: watched.complaints.append(f"failed: {asked.url}"))
        page.on("request", lambda asked: watched.requests.append(asked.url))
        page.goto(f"{path.as_uri()}{then}")
        return watched

    yield visited
    for context in contexts:
        context.close()
