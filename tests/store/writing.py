"""A process that writes a store until it is killed, saying aloud what was acknowledged.

    python -m tests.store.writing FOLDER ROUND

Each line is the id of an attempt and its state, printed after the await has returned.
"""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import count
from pathlib import Path

from tests.store.making import done, make_attempt, make_clip, opened, rendered, submitted


async def main(folder: Path, generation: str) -> None:
    numbers = count()
    os.write(1, b"begun -\n")
    async with opened(folder) as store:

        async def worker() -> None:
            for number in numbers:
                first = make_attempt(f"{generation}.{number}")
                for attempt in (first, submitted(first), rendered(first)):
                    await store.record(attempt)
                    os.write(1, f"{attempt.id} {attempt.state}\n".encode())
                last = done(first)
                await store.keep(last, make_clip(last))
                os.write(1, f"{last.id} {last.state}\n".encode())

        await asyncio.gather(*(worker() for _ in range(10)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
