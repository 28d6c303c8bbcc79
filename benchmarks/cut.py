"""Cuts of 60 clips of 4 s in 720p: how long, how much memory, and whether memory grows.

    python -m benchmarks.cut [--clips 60]

The clips are rendered once by `local`; then whole processes of `sora-batch cut` are measured: cuts
joined without encoding, the same with music, and with crossfades, captions and music; that one
with a quarter of the clips too, to show that memory hangs on the frame and not on the length.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import wave
from array import array
from math import pi, sin
from pathlib import Path

from benchmarks.measure import PROGRAM, Measured, measure, row

MANIFEST = """\
version: 1
name: film
defaults: {{model: sketch, size: 1280x720, seconds: 4}}
shots:
  scene:
    for_each: [{rows}]
    key: "{{{{ row }}}}"
    prompt: "Scene {{{{ row }}}}: a runner crosses the ridge at dawn."
cuts:
  joined: {{shots: ["scene.*"]}}
  scored: {{shots: ["scene.*"], music: theme.wav}}
  dissolved: {{shots: ["scene.*"], transition: {{crossfade: 0.5}}, captions: "{{{{ shot.id }}}}",
    music: theme.wav}}
  quarter: {{shots: [{quarter}], transition: {{crossfade: 0.5}}, captions: "{{{{ shot.id }}}}",
    music: theme.wav}}
"""
RATE = 48_000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", type=int, default=60)
    clips = parser.parse_args().clips
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, clips)
        subprocess.run([*PROGRAM, "run", "film.yaml"], cwd=folder, check=True, capture_output=True)
        for cut, words in (
            ("joined", f"{clips} clips joined, nothing encoded but sound"),
            ("scored", f"{clips} clips joined, with music"),
            ("dissolved", f"{clips} clips, crossfades, captions, music"),
            ("quarter", f"{clips // 4} clips, crossfades, captions, music"),
            ("dissolved", "again, nothing changed"),
        ):
            sys.stdout.write(row(words, cut_once(folder, cut)) + "\n")


def prepare(folder: Path, clips: int) -> None:
    """Writes the manifest and half a minute of music."""
    quarter = ", ".join(f"scene.{number}" for number in range(1, clips // 4 + 1))
    rows = ", ".join(map(str, range(1, clips + 1)))
    text = MANIFEST.format(rows=rows, quarter=quarter)
    (folder / "film.yaml").write_text(text, encoding="utf-8")
    with wave.open(str(folder / "theme.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        tone = (round(9000 * sin(2 * pi * 220 * k / RATE)) for k in range(30 * RATE))
        file.writeframes(array("h", tone).tobytes())


def cut_once(folder: Path, name: str) -> Measured:
    """One process; raises RuntimeError where it did not end well."""
    measured = measure([*PROGRAM, "cut", "film.yaml", name], cwd=folder)
    if measured.exit_code:
        raise RuntimeError(f"the cut {name} ended with {measured.exit_code}")
    return measured


if __name__ == "__main__":
    main()
