from __future__ import annotations

import errno
import hashlib
import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

import pytest

from sora_batch.errors import OutputUnusable
from sora_batch.outputs import Outputs
from sora_batch.records import AttemptId, Clip, Money
from sora_batch.shots import Fingerprint, ShotId, Size
from tests.disk import failing, judged_by, killed_before

HERO = ShotId("hero")
OLD, NEW = b"the older clip", b"the newer clip, longer"


@pytest.fixture
def outputs(tmp_path: Path) -> Outputs:
    made = Outputs(tmp_path / "out")
    made.ensure()
    return made


def a_part(outputs: Outputs, data: bytes, shot: ShotId = HERO) -> tuple[Path, Clip]:
    """A checked download and the record of its clip."""
    sha256 = hashlib.sha256(data).hexdigest()
    part = outputs.part_path(AttemptId(sha256))
    part.write_bytes(data)
    clip = Clip(
        fingerprint=Fingerprint(f"f1:{sha256}"),
        shot_id=shot,
        attempt_id=AttemptId(sha256),
        job_id=None,
        provider="local",
        sha256=sha256,
        bytes=len(data),
        mtime_ns=part.stat().st_mtime_ns,
        size=Size(1280, 720),
        seconds=Decimal(8),
        fps=Decimal(24),
        has_audio=True,
        origin="made",
        made_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    return part, clip


def sidecar_of(clip: Clip) -> dict[str, object]:
    return {"sha256": clip.sha256}


def placed(outputs: Outputs, data: bytes, shot: ShotId = HERO) -> Clip:
    """A clip in its place, with sidecar and thumbnail."""
    part, clip = a_part(outputs, data, shot)
    outputs.place(part, clip, {"sha256": clip.sha256, "about": data.decode()})
    outputs.thumbnail_path(shot).write_bytes(b"thumbnail of " + data)
    return clip


def files(outputs: Outputs) -> dict[str, bytes]:
    folder = outputs.folder
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_clip_stands_under_its_shots_name(outputs: Outputs) -> None:
    part, clip = a_part(outputs, NEW)
    path = outputs.place(part, clip, sidecar_of(clip))
    assert path == outputs.clip_path(HERO) == outputs.folder / "hero.mp4"
    assert set(files(outputs)) == {"hero.mp4", "hero.json"}
    assert path.read_bytes() == NEW
    assert outputs.locate(clip) == path
    assert path.stat().st_mtime_ns == clip.mtime_ns


def test_an_older_clip_moves_to_earlier_with_what_belongs_to_it(outputs: Outputs) -> None:
    old = placed(outputs, OLD)
    new = placed(outputs, NEW)
    name = f"earlier/hero.{old.sha256[:10]}"
    found = files(outputs)
    assert found["hero.mp4"] == NEW
    assert found[f"{name}.mp4"] == OLD
    assert json.loads(found[f"{name}.json"])["about"] == OLD.decode()
    assert found[f"{name}.webp"] == b"thumbnail of " + OLD
    assert len(found) == 6
    assert outputs.locate(old) == outputs.folder / f"{name}.mp4"
    assert outputs.intact(new)


def test_the_same_clip_again_moves_nothing(outputs: Outputs) -> None:
    placed(outputs, NEW)
    before = files(outputs)
    placed(outputs, NEW)
    assert files(outputs) == before


@pytest.mark.parametrize("links", [True, False], ids=["links", "no-links"])
def test_a_kill_at_any_instant_of_placing_loses_nothing(tmp_path: Path, links: bool) -> None:
    """On a disk with hard links, and on one that has none."""
    endings = []
    for change in range(40):
        outputs = Outputs(tmp_path / f"{change}")
        outputs.ensure()
        old = placed(outputs, OLD)
        part, new = a_part(outputs, NEW)
        finished = False
        with killed_before(change, links=links):
            outputs.place(part, new, sidecar_of(new))
            finished = True
        assert outputs.clip_path(HERO).read_bytes() in (OLD, NEW)
        assert outputs.intact(old)
        assert outputs.intact(new) or part.read_bytes() == NEW
        again, _ = a_part(outputs, NEW)  # what a resumed run downloads once more
        outputs.place(again, new, sidecar_of(new))
        outputs.clean()
        endings.append(files(outputs))
        if finished:
            break
    assert finished
    assert change > 5
    assert all(ending == endings[0] for ending in endings)
    assert len(endings[0]) == 6


@pytest.mark.parametrize("links", [True, False], ids=["links", "no-links"])
def test_a_kill_at_any_instant_of_taking_over_loses_nothing(tmp_path: Path, links: bool) -> None:
    twin = ShotId("twin")
    for change in range(40):
        outputs = Outputs(tmp_path / f"{change}")
        outputs.ensure()
        hero, old = placed(outputs, NEW), placed(outputs, OLD, twin)
        finished = False
        with killed_before(change, links=links):
            outputs.adopt_copy(hero, twin)
            finished = True
        assert outputs.intact(hero)
        assert outputs.intact(old)
        outputs.adopt_copy(hero, twin)
        outputs.clean()
        assert outputs.clip_path(twin).read_bytes() == NEW
        assert outputs.locate(old) == outputs.earlier_path(old)
        assert not [name for name in files(outputs) if name.endswith(".tmp")]
        if finished:
            break
    assert finished


def test_a_sidecar_goes_with_the_clip_it_describes(outputs: Outputs) -> None:
    """After a kill between a clip and its sidecar, the sidecar still tells of the older one."""
    old = placed(outputs, OLD)
    part, middle = a_part(outputs, b"the middle one")
    outputs.place(part, middle, sidecar_of(middle))
    outputs.write_sidecar(HERO, sidecar_of(old))
    placed(outputs, NEW)
    found = files(outputs)
    assert json.loads(found[f"earlier/hero.{old.sha256[:10]}.json"])["sha256"] == old.sha256
    assert f"earlier/hero.{middle.sha256[:10]}.json" not in found
    assert found[f"earlier/hero.{middle.sha256[:10]}.mp4"] == b"the middle one"


@pytest.mark.parametrize("sidecar", [b"", b"[]", b"{}", b'{"sha256": "../x"}', b"\xff"])
def test_a_sidecar_that_says_nothing_goes_with_the_clip_it_stands_beside(
    outputs: Outputs, sidecar: bytes
) -> None:
    old = placed(outputs, OLD)
    outputs.sidecar_path(HERO).write_bytes(sidecar)
    placed(outputs, NEW)
    assert files(outputs)[f"earlier/hero.{old.sha256[:10]}.json"] == sidecar


def test_a_clip_that_was_changed_by_hand_is_kept_too(outputs: Outputs) -> None:
    clip = placed(outputs, OLD)
    outputs.clip_path(HERO).write_bytes(b"trimmed by hand")
    assert not outputs.intact(clip)
    placed(outputs, NEW)
    assert b"trimmed by hand" in files(outputs).values()


def test_a_whole_clip_is_known_without_being_read(outputs: Outputs) -> None:
    clip = placed(outputs, NEW)
    read: list[str] = []
    outputs.clip_path(HERO).chmod(0)
    with judged_by(lambda event, _path: read.append(event)):
        assert outputs.intact(clip)
    assert read == []


def test_only_another_time_makes_it_read_and_only_once(outputs: Outputs) -> None:
    clip = placed(outputs, NEW)
    path = outputs.clip_path(HERO)
    os.utime(path, ns=(1, 1))
    assert outputs.locate(clip) == path
    path.unlink()
    assert outputs.locate(clip) is None
    path.write_bytes(NEW[::-1])
    assert outputs.locate(clip) is None
    path.write_bytes(NEW + b"!")
    assert outputs.locate(clip) is None


def test_a_clip_is_taken_over_by_another_shot_as_a_link(outputs: Outputs) -> None:
    clip = placed(outputs, NEW)
    path = outputs.adopt_copy(clip, ShotId("twin"))
    assert path.samefile(outputs.clip_path(HERO))
    assert outputs.intact(replace(clip, shot_id=ShotId("twin")))
    before = path.stat()
    assert outputs.adopt_copy(clip, ShotId("twin")) == path
    assert path.stat() == before


def test_a_clip_comes_back_from_earlier_and_the_one_there_goes(outputs: Outputs) -> None:
    old = placed(outputs, OLD)
    new = placed(outputs, NEW)
    assert not outputs.is_visible(old)
    outputs.adopt_copy(old, HERO)
    assert outputs.clip_path(HERO).read_bytes() == OLD
    assert outputs.is_visible(old)
    assert outputs.locate(new) == outputs.earlier_path(new)


def test_a_clip_that_is_gone_cannot_be_taken_over(outputs: Outputs) -> None:
    clip = placed(outputs, NEW)
    outputs.clip_path(HERO).unlink()
    with pytest.raises(OutputUnusable, match="no longer"):
        outputs.adopt_copy(clip, ShotId("twin"))


def test_a_clip_nobody_asks_for_any_more_is_kept_among_the_earlier_ones(outputs: Outputs) -> None:
    new = placed(outputs, NEW)
    part, old = a_part(outputs, OLD)
    path = outputs.place_earlier(part, old, {"sha256": old.sha256})
    assert path == outputs.locate(old) == outputs.earlier_path(old)
    assert outputs.is_visible(new)
    assert json.loads(path.with_suffix(".json").read_text()) == {"sha256": old.sha256}


def test_a_sidecar_keeps_the_order_and_says_everything_as_text(outputs: Outputs) -> None:
    data = {
        "shot": HERO,
        "price": Decimal("0.80"),
        "at": datetime(2026, 11, 23, 12, tzinfo=UTC),
        "money": Money.SPENT,
        "inputs": MappingProxyType({"z": 1, "a": ["夜", None]}),
        "words": "half \ud800",
    }
    path = outputs.write_sidecar(HERO, data)
    assert path.read_text(encoding="utf-8") == (
        '{\n  "shot": "hero",\n  "price": "0.80",\n  "at": "2026-11-23T12:00:00+00:00",\n'
        '  "money": "spent",\n  "inputs": {\n    "z": 1,\n    "a": [\n      "夜",\n      null\n'
        '    ]\n  },\n  "words": "half \\ud800"\n}\n'
    )
    assert json.loads(path.read_bytes())["words"] == "half \ud800"
    with pytest.raises(TypeError, match="cannot hold"):
        outputs.write_sidecar(HERO, {"x": object()})


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a\\b", "/etc/passwd", ".hidden", "a\0b", "a\nb"]
)
def test_no_path_leaves_the_folder(outputs: Outputs, name: str) -> None:
    for path_of in (outputs.clip_path, outputs.sidecar_path, outputs.thumbnail_path):
        with pytest.raises(OutputUnusable, match="cannot be a file name"):
            path_of(ShotId(name))
    with pytest.raises(OutputUnusable, match="cannot be a file name"):
        outputs.part_path(AttemptId(name))
    before = files(outputs)
    _, clip = a_part(outputs, NEW)
    with pytest.raises(OutputUnusable, match="cannot be a file name"):
        outputs.locate(replace(clip, sha256=name + "/../../x"))
    assert set(files(outputs)) - set(before) == {f".parts/{clip.attempt_id}.part"}


@pytest.mark.parametrize("name", ["hero", "city.são-paulo", "opener.calm.lens=24mm.take2", "夜"])
def test_a_shots_id_is_its_file_name(outputs: Outputs, name: str) -> None:
    assert outputs.clip_path(ShotId(name)).name == f"{name}.mp4"
    assert outputs.sidecar_path(ShotId(name)).parent == outputs.folder


def test_cleaning_removes_only_our_own_temporary_files(outputs: Outputs) -> None:
    clip = placed(outputs, NEW)
    finished, _ = a_part(outputs, OLD)
    kept = outputs.part_path(AttemptId("still-open"))
    kept.write_bytes(b"half of a paid clip")
    fresh = outputs.temporary(".webp")
    assert fresh.suffix == ".webp"
    fresh.touch()
    with killed_before(1):
        outputs.write_sidecar(HERO, {})
    strangers = [outputs.folder / "notes.tmp", outputs.folder / ".hidden.tmp", kept]
    for path in strangers[:2]:
        path.touch()
    removed = outputs.clean([AttemptId(clip.sha256), AttemptId(finished.stem)])
    assert {finished, fresh} < set(removed)
    assert len(removed) == 3
    assert all(path.exists() for path in strangers)
    assert outputs.intact(clip)
    assert outputs.clean() == []
    assert Outputs(outputs.folder / "none").clean() == []


def test_what_others_may_be_writing_is_spared(outputs: Outputs) -> None:
    with killed_before(1):
        outputs.write_sidecar(HERO, {})
    (young,) = outputs.folder.glob(".*.tmp")
    half = outputs.temporary(".webp")
    half.touch()
    assert outputs.clean(spared_s=3600.0) == [half]
    long_ago = young.stat().st_mtime - 3601.0
    os.utime(young, (long_ago, long_ago))
    assert outputs.clean(spared_s=3600.0) == [young]


@pytest.mark.parametrize(
    ("event", "error", "words"),
    [
        ("open", errno.ENOSPC, "the disk is full"),
        ("os.rename", errno.ENOSPC, "the disk is full"),
        ("open", errno.EROFS, "the file system is read-only"),
        ("os.rename", errno.EDQUOT, "quota"),
        ("os.mkdir", errno.EACCES, "permission denied"),
        ("os.rename", errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_a_disk_that_fails_is_said_before_anything_is_ordered(
    tmp_path: Path, event: str, error: int, words: str
) -> None:
    outputs = Outputs(tmp_path / "out")
    with failing(event, error), pytest.raises(OutputUnusable, match=words) as caught:
        outputs.ensure()
    assert str(outputs.folder) in caught.value.message
    assert caught.value.exit_code == 2
    outputs.ensure()
    assert files(outputs) == {}


def test_an_output_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    for folder in (tmp_path / "out", tmp_path / "out" / "inner"):
        with pytest.raises(OutputUnusable, match="a file stands where a folder is needed"):
            Outputs(folder).ensure()


def test_a_full_disk_while_placing_keeps_both_clips(outputs: Outputs) -> None:
    old = placed(outputs, OLD)
    part, new = a_part(outputs, NEW)
    for event, error in (("os.rename", errno.ENOSPC), ("os.rename", errno.EIO)):
        with failing(event, error, name="hero"), pytest.raises(OutputUnusable):
            outputs.place(part, new, sidecar_of(new))
        assert outputs.is_visible(old)
        assert part.read_bytes() == NEW
        assert outputs.clean() == []
    outputs.place(part, new, sidecar_of(new))
    assert outputs.intact(old)
    assert outputs.intact(new)


def test_a_name_too_long_for_the_disk_is_said(outputs: Outputs) -> None:
    part, clip = a_part(outputs, NEW, ShotId("x" * 300))
    assert not outputs.intact(clip)
    with pytest.raises(OutputUnusable, match="name is too long"):
        outputs.place(part, clip, sidecar_of(clip))
