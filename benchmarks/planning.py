"""How long a plan takes and how much memory, whole process; and the start of the program.

python -m benchmarks.planning [--runs N]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.manifests import write_rows, write_specs
from benchmarks.measure import PROGRAM, measure, median_of, row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = [
            ("sora-batch --version", ["--version"], ""),
            ("sora-batch --help", ["--help"], "target 0.3 s"),
            (
                "plan, 1,000 shot specs",
                ["plan", str(write_specs(folder / "s1000.yaml", 1_000))],
                "target 0.7 s",
            ),
            (
                "plan, 10,000 shot specs",
                ["plan", str(write_specs(folder / "s10000.yaml", 10_000))],
                "target 3 s",
            ),
            (
                "plan, 100,000 rows of a CSV",
                ["plan", str(write_rows(folder / "rows.yaml", 100_000))],
                "target 20 s, 600 MB",
            ),
        ]
        for what, words, target in cases:
            measured = median_of(
                runs,
                lambda words=words: measure([*PROGRAM, *words], cwd=folder),  # type: ignore[misc]
            )
            print(row(what, measured, target), flush=True)


if __name__ == "__main__":
    main()
