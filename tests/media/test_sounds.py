"""What passes for music by its first bytes, and what is said of everything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from sora_batch.media.sounds import SoundProblem, inspect_sound


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"ID3\x04", "mp3"),
        (b"\xff\xfb\x90", "mp3"),
        (b"RIFF\0\0\0\0WAVEfmt ", "wav"),
        (b"fLaC\0", "flac"),
        (b"OggS\0", "ogg"),
        (b"\0\0\0\x1cftypM4A ", "mp4"),
        (b"FORM\0\0\0\0AIFF", "aiff"),
        (b"\x1aE\xdf\xa3", "matroska"),
    ],
)
def test_knows_a_sound_file(tmp_path: Path, data: bytes, kind: str) -> None:
    path = tmp_path / "theme"
    path.write_bytes(data)
    assert inspect_sound(path) == kind


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "theme.mp3 is empty"),
        (b"do re mi", "theme.mp3 is a text, not a sound file"),
        ("dö ré mi ".encode() * 99, "theme.mp3 is a text, not a sound file"),
        (b"<!DOCTYPE html><html>", "theme.mp3 is a web page, not a sound file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "theme.mp3 is a Git LFS pointer"),
        (b"\xff\xd8\xff\xe0", "theme.mp3 is a picture, not a sound file"),
        (b"\0\1\2\3\xfe\xff", "theme.mp3 is something else, not a sound file"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "theme.mp3 is a text, not a sound file"),
    ],
)
def test_says_what_it_is_instead(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "theme.mp3"
    path.write_bytes(data)
    with pytest.raises(SoundProblem) as error:
        inspect_sound(path)
    assert error.value.message.startswith(words)
    assert "export it as MP3" in error.value.fix


def test_a_folder_and_nothing_are_no_music(tmp_path: Path) -> None:
    with pytest.raises(SoundProblem, match="is not a file"):
        inspect_sound(tmp_path)
    with pytest.raises(SoundProblem, match="no such file"):
        inspect_sound(tmp_path / "none.mp3")
