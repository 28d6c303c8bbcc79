from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import av
import pytest

from sora_batch.media.clips import verify
from sora_batch.media.operation import OperationFailed
from tests.media.making import FPS, make_clip


def refusal(path: Path) -> OperationFailed:
    with pytest.raises(OperationFailed) as caught:
        verify({"path": str(path)})
    return caught.value


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def test_a_whole_clip_is_measured_from_its_own_boxes(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", seconds=2)
    assert verify({"path": str(path)}) == {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bytes": path.stat().st_size,
        "width": 64,
        "height": 36,
        "seconds": 2.0,
        "fps": 12.0,
        "has_audio": False,
        "frames": 2 * FPS,
    }


def test_the_answer_is_json(tmp_path: Path) -> None:
    answer = verify({"path": str(make_clip(tmp_path / "a.mp4", seconds=1)), "fsync": False})
    assert json.loads(json.dumps(answer)) == answer


@pytest.mark.parametrize("flags", ["", "faststart", "frag_keyframe+empty_moov", "dash"])
def test_sound_longer_than_the_pictures_does_not_lengthen_them(flags: str, tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", seconds=2, audio=True, flags=flags)
    answer = verify({"path": str(path)})
    assert answer["has_audio"] is True
    assert answer["seconds"] == pytest.approx(2.0, abs=0.002)
    assert answer["frames"] == 2 * FPS


@pytest.mark.parametrize("factor", [10, 2, 0.5, 0.1])
@pytest.mark.parametrize("flags", ["", "faststart", "frag_keyframe+empty_moov"])
def test_a_wrong_duration_in_the_header_is_not_believed(
    flags: str, factor: float, tmp_path: Path
) -> None:
    path = make_clip(tmp_path / "a.mp4", seconds=2, audio=True, flags=flags)
    data = bytearray(path.read_bytes())
    for kind, offset in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):
        at = data.find(kind)
        while at >= 0:
            (said,) = struct.unpack_from(">I", data, at + offset)
            struct.pack_into(">I", data, at + offset, int((said or 24_000) * factor))
            at = data.find(kind, at + 4)
    path.write_bytes(data)
    answer = verify({"path": str(path), "fsync": False})
    assert (answer["seconds"], answer["fps"], answer["frames"]) == (2.0, 12.0, 24)


def test_a_clip_of_sound_alone_is_no_clip(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w", format="mp4") as container:
        sound = container.add_stream("aac", rate=48_000, layout="mono")
        silence = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        for plane in silence.planes:
            plane.update(bytes(plane.buffer_size))
        silence.sample_rate, silence.pts = 48_000, 0
        container.mux(sound.encode(silence))
        container.mux(sound.encode(None))
    with pytest.raises(OperationFailed) as caught:
        verify({"path": str(path), "fsync": False})
    assert (caught.value.code, caught.value.message) == ("not-a-clip", "the clip has no pictures")


def test_a_name_that_looks_like_a_protocol_is_a_file(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "http:clip?.mp4", seconds=1)
    assert verify({"path": str(path)})["frames"] == FPS


@pytest.mark.parametrize("flags", ["", "faststart", "frag_keyframe+empty_moov"])
@pytest.mark.parametrize("share", [0.999, 0.7, 0.2])
def test_a_clip_cut_short_anywhere_is_truncated(flags: str, share: float, tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "a.mp4", seconds=2, flags=flags).read_bytes()
    kept = whole[: int(len(whole) * share)]
    error = refusal(written(tmp_path / "b.mp4", kept))
    assert error.code == "truncated"
    assert f"{len(kept):,}" in error.message


def test_a_clip_whose_pictures_stop_before_its_index_says_is_truncated(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "a.mp4", seconds=2, flags="faststart").read_bytes()
    at = whole.index(b"mdat") - 4
    shorter = whole[:at] + struct.pack(">I4s", 0, b"mdat") + whole[at + 8 : -300]
    error = refusal(written(tmp_path / "b.mp4", shorter))
    assert (error.code, "cut short" in error.message) == ("truncated", True)


def test_a_clip_without_its_index_is_truncated(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "a.mp4", seconds=1).read_bytes()
    error = refusal(written(tmp_path / "b.mp4", whole[: whole.index(b"moov") - 4]))
    assert error.code == "truncated"
    assert "without its index" in error.message


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<html><title>502 Bad\nGateway</title>", "a web page, not an MP4: <html><title>502 Bad"),
        (b'\n{"error": {"code": "expired"}}', 'JSON, not an MP4: {"error": {"code": "expired"}}'),
        (b"upstream \x1b[31mtimed out", "a text, not an MP4: upstream ·[31mtimed out"),
        (b"\x1aE\xdf\xa3" + bytes(50), "WebM or Matroska"),
        (bytes(5000), "begin with zeros"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "something else"),
        (b"#EXTM3U\n#EXT-X-VERSION:3\nfile:///etc/passwd\n", "a text"),
        (b"<" * 2000, "<<<…"),
    ],
)
def test_what_is_no_clip_is_named(data: bytes, words: str, tmp_path: Path) -> None:
    error = refusal(written(tmp_path / "a.mp4", data))
    assert error.code == "not-a-clip"
    assert words in error.message
    assert len(error.message) < 160


def test_a_clip_without_frames_is_no_clip(tmp_path: Path) -> None:
    flags = "frag_keyframe+empty_moov"
    whole = make_clip(tmp_path / "a.mp4", seconds=1, flags=flags).read_bytes()
    error = refusal(written(tmp_path / "b.mp4", whole[: whole.index(b"moof") - 4]))
    assert error.code == "not-a-clip"


def test_an_index_of_nothing_is_no_clip(tmp_path: Path) -> None:
    data = box(b"ftyp", b"isom\0\0\0\0isom") + box(b"moov", box(b"mvhd", bytes(100)))
    assert refusal(written(tmp_path / "a.mp4", data)).code == "not-a-clip"


def test_a_box_that_cannot_be_is_no_clip(tmp_path: Path) -> None:
    data = box(b"ftyp", b"isom\0\0\0\0isom") + struct.pack(">I4s", 3, b"moov")
    error = refusal(written(tmp_path / "a.mp4", data))
    assert (error.code, "damaged" in error.message) == ("not-a-clip", True)


def test_zeros_after_the_last_box_do_no_harm(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "a.mp4", seconds=1).read_bytes()
    padded = written(tmp_path / "b.mp4", whole + bytes(4096))
    assert verify({"path": str(padded)})["frames"] == FPS


def test_an_odd_byte_in_the_title_does_no_harm(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "a.mp4", seconds=1).read_bytes()
    odd = written(tmp_path / "b.mp4", whole.replace(b"Lavf", b"\xff\xfevf"))
    assert verify({"path": str(odd)})["frames"] == FPS


def test_a_box_of_more_than_4_gb_is_counted_in_64_bits(tmp_path: Path) -> None:
    head = box(b"ftyp", b"isom\0\0\0\0isom") + struct.pack(">I4sQ", 1, b"mdat", 5_000_000_000)
    error = refusal(written(tmp_path / "a.mp4", head + bytes(100)))
    assert error.code == "truncated"
    assert "of at least 5,000,000,020 bytes" in error.message
