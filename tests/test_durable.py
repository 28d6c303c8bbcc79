from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest

from sora_batch.durable import TEMPORARY, link_over, sha256_of, write_atomically
from tests.disk import failing, killed_before


def test_a_file_is_the_old_or_the_new_one_whenever_the_process_dies(tmp_path: Path) -> None:
    for change in range(6):
        path = tmp_path / f"{change}.json"
        path.write_bytes(b"old")
        with killed_before(change):
            write_atomically(path, b"new")
        assert path.read_bytes() == (b"old" if change < 2 else b"new")
        left = [p.name for p in tmp_path.iterdir() if p.suffix == ".tmp"]
        assert all(re.fullmatch(TEMPORARY, name) for name in left)


@pytest.mark.parametrize("event", ["open", "os.rename"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path, event: str) -> None:
    path = tmp_path / "x.json"
    write_atomically(path, b"old")
    with failing(event, errno.ENOSPC), pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


@pytest.mark.parametrize("links", [True, False])
def test_a_second_name_replaces_what_stood_there(tmp_path: Path, links: bool) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"clip")
    two.write_bytes(b"other")
    with failing("os.link" if not links else "none", errno.EPERM):
        link_over(one, two)
        link_over(one, two)
    assert two.read_bytes() == b"clip"
    assert two.samefile(one) is links
    assert two.stat().st_mtime_ns == one.stat().st_mtime_ns
    assert len(list(tmp_path.iterdir())) == 2
    assert sha256_of(one) == sha256_of(two)
