"""Whole cuts, decoded again: order, length to the frame, sound in step, nothing re-encoded."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from sora_batch.media import OperationFailed
from sora_batch.media.boxes import require_whole
from sora_batch.media.cutting.loudness import listen
from tests.media.cutting.films import (
    RATE,
    assemble,
    beeps,
    make_film,
    make_hdr_film,
    make_tune,
    pictures,
    piece,
    sound_of,
    tones,
)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three clips of a second each, dark to light."""
    folder = tmp_path_factory.mktemp("clips")
    return [make_film(folder / f"{tone}.mp4", tone=tone) for tone in (60, 120, 180)]


def test_hard_cuts_leave_every_picture_as_it_was(tmp_path: Path, clips: list[Path]) -> None:
    target = tmp_path / "teaser.mp4"
    answer = assemble(target, [piece(clip) for clip in clips])
    assert (answer["copied"], answer["frames"], answer["seconds"]) == (True, 36, 3.0)
    assert answer["starts"] == [0.0, 1.0, 2.0]
    before = [frame for clip in clips for frame in pictures(clip)]
    after = pictures(target)
    assert len(after) == 36
    assert all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))
    assert beeps(target, 12) == [0, 12, 24]


def test_crossfades_take_their_time_from_the_sum(tmp_path: Path, clips: list[Path]) -> None:
    target = tmp_path / "teaser.mp4"
    answer = assemble(target, [piece(clip, crossfade=0.5) for clip in clips])
    assert (answer["copied"], answer["frames"], answer["seconds"]) == (False, 24, 2.0)
    found = tones(target)
    assert len(found) == 24
    assert found[:6] == pytest.approx([60, 61, 62, 63, 64, 65], abs=2)
    # Six frames of the one become six of the other.
    middle = [(6 - k) / 6 * (66 + k) + k / 6 * (120 + k) for k in range(6)]
    assert found[6:12] == pytest.approx(middle, abs=3)
    assert found[18:] == pytest.approx([186, 187, 188, 189, 190, 191], abs=2)


def test_every_pair_has_its_own_transition(tmp_path: Path, clips: list[Path]) -> None:
    target = tmp_path / "teaser.mp4"
    pieces = [piece(clips[0]), piece(clips[1], crossfade=0.25), piece(clips[2])]
    answer = assemble(target, pieces)
    assert (answer["frames"], answer["starts"]) == (33, [0.0, 0.75, 1.75])
    assert beeps(target, 12)[-1] == 21


def test_sizes_and_rates_are_brought_to_those_most_clips_have(tmp_path: Path) -> None:
    pieces = [
        piece(make_film(tmp_path / "tall.mp4", size=(64, 96), fps=24, frames=24, tone=200)),
        piece(make_film(tmp_path / "wide.mp4", tone=60)),
        piece(make_film(tmp_path / "broad.mp4", fps=Fraction(30000, 1001), frames=30, tone=100)),
        piece(make_film(tmp_path / "last.mp4", tone=90)),
    ]
    target = tmp_path / "teaser.mp4"
    answer = assemble(target, pieces)
    assert (answer["width"], answer["height"], answer["fps"]) == (96, 64, 12.0)
    assert answer["frames"] == 48
    found = pictures(target)
    # All of the tall picture in the middle, black at its sides; every other frame of it.
    assert found[0][32, 4] == found[0][32, 91] == 16
    assert [frame[32, 48] for frame in found[:12:4]] == pytest.approx([201, 209, 217], abs=3)
    assert beeps(target, 12) == [0, 12, 24, 36]


def test_the_cut_says_its_size_and_rate(tmp_path: Path, clips: list[Path]) -> None:
    target = tmp_path / "teaser.mp4"
    answer = assemble(target, [piece(clips[0])], size=[64, 64], fps="24000/1001")
    assert (answer["width"], answer["height"], answer["frames"]) == (64, 64, 24)
    with av.open(str(target)) as container:
        assert container.streams.video[0].average_rate == Fraction(24000, 1001)
    assert pictures(target)[0][2, 32] == 16


def test_a_clip_of_a_wavering_rate_keeps_its_moments(tmp_path: Path) -> None:
    times = [0, 70, 180, 240, 350, 400, 520, 580, 650, 760, 850, 920]
    clip = make_film(tmp_path / "odd.mp4", tone=50, steps=times, bf="0")
    target = tmp_path / "teaser.mp4"
    answer = assemble(target, [piece(clip)], fps="12")
    assert answer["copied"] is False
    expected = [
        50 + max(k for k, time in enumerate(times) if time <= (n + 0.5) / 0.012)
        for n in range(int(str(answer["frames"])))
    ]
    assert tones(target) == pytest.approx(expected, abs=2)


def test_film_plays_at_once_and_names_no_library(tmp_path: Path, clips: list[Path]) -> None:
    target = tmp_path / "teaser.mp4"
    assemble(target, [piece(clip) for clip in clips], title="Harbour")
    data = target.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert b"Lavf" not in data
    require_whole(target)
    with av.open(str(target)) as container:
        names = [stream.codec_context.name for stream in container.streams]
        assert (names, container.metadata["title"]) == (["h264", "aac"], "Harbour")
    assert [path.name for path in tmp_path.iterdir()] == ["teaser.mp4"]


def test_silent_clips_stay_silent_beside_others_and_alone(
    tmp_path: Path, clips: list[Path]
) -> None:
    mute = make_film(tmp_path / "mute.mp4", sound=None)
    target = tmp_path / "teaser.mp4"
    assert assemble(target, [piece(mute), piece(mute)])["has_audio"] is False
    assemble(target, [piece(mute), piece(clips[0])])
    samples = sound_of(target)
    assert np.abs(samples[: RATE - 1024]).max() < 0.01
    assert beeps(target, 12) == [12]


def test_music_is_looped_faded_and_gives_way(tmp_path: Path) -> None:
    mute = make_film(tmp_path / "mute.mp4", sound=None, frames=36)
    loud = make_film(tmp_path / "loud.mp4", frames=24, fps=12)
    tune = make_tune(tmp_path / "tune.wav", seconds=1.5)
    target = tmp_path / "teaser.mp4"
    answer = assemble(target, [piece(mute), piece(loud), piece(mute)], music=str(tune))
    samples = sound_of(target)

    def heard(first: float, last: float) -> float:
        span = samples[round(first * RATE) : round(last * RATE)]
        wave = np.exp(-2j * np.pi * 440 * np.arange(len(span)) / RATE)
        return float(abs(np.sum(span * wave)) / len(span))

    assert answer["seconds"] == 8.0
    assert heard(1.0, 1.4) == pytest.approx(heard(2.0, 2.4), rel=0.1)
    assert heard(3.03, 3.1) < heard(2.0, 2.4) / 2
    assert heard(5.0, 5.4) > heard(2.0, 2.4) / 2
    assert heard(7.9, 8.0) < heard(5.0, 5.4) / 5


@pytest.mark.parametrize("loudness", [-14, -23])
def test_loudness_is_what_was_asked_for(tmp_path: Path, loudness: int) -> None:
    clip = make_film(tmp_path / "mute.mp4", sound=None, frames=36)
    tune = make_tune(tmp_path / "tune.wav", seconds=4, level=0.03)
    target = tmp_path / "teaser.mp4"
    answer = assemble(target, [piece(clip)], music=str(tune), loudness=loudness)
    assert answer["lufs"] == loudness
    samples = sound_of(target)
    heard = listen(iter([np.stack([samples, samples])]))
    assert heard.lufs == pytest.approx(loudness, abs=0.2)


def test_peaks_do_not_clip(tmp_path: Path, clips: list[Path]) -> None:
    target = tmp_path / "teaser.mp4"
    assemble(target, [piece(clips[0])], loudness=-5)
    assert np.abs(sound_of(target)).max() < 1.0


def test_captions_are_on_the_pictures_and_beside_them(tmp_path: Path, clips: list[Path]) -> None:
    pieces = [piece(clips[0], caption="Dawn\non the ridge"), piece(clips[1])]
    target = tmp_path / "teaser.mp4"
    assemble(target, pieces, size=[320, 180])
    captioned, plain = pictures(target)[6], pictures(target)[18]
    foot = captioned[125:170]
    assert foot.max() > 220
    assert captioned[:100].max() < 90
    assert plain.max() < 160
    beside = target.with_suffix(".srt").read_text(encoding="utf-8")
    assert beside == "1\n00:00:00,000 --> 00:00:01,000\nDawn\non the ridge\n"
    assemble(target, pieces[1:])
    assert not target.with_suffix(".srt").exists()


def test_an_hdr_clip_is_as_light_as_the_others_and_it_is_said(tmp_path: Path) -> None:
    # 203 cd/m2, the white of a page, which PQ has at 58 % (ITU-R BT.2408).
    hdr = make_hdr_film(tmp_path / "hdr.mp4", tone=64 + round(0.58 * 876))
    target = tmp_path / "teaser.mp4"
    answer = assemble(target, [piece(hdr)])
    assert answer["notes"] == [
        "`hdr`: its clip is HDR (PQ); its tones are mapped to an ordinary screen's"
    ]
    # Taken as it stands, it would be no lighter than 142.
    assert 145 < tones(target)[3] < 235
    with av.open(str(target)) as container:
        assert container.streams.video[0].codec_context.color_trc == 1


def test_a_title_is_over_the_beginning_and_fades(tmp_path: Path) -> None:
    clip = make_film(tmp_path / "long.mp4", frames=48, tone=40)
    target = tmp_path / "teaser.mp4"
    assemble(target, [piece(clip)], size=[320, 180], title="Harbour")
    brightest = [int(frame[60:120].max()) for frame in pictures(target)]
    assert brightest[0] > 220
    assert 100 < brightest[33] < 220
    assert max(brightest[36:]) < 100
    assert not target.with_suffix(".srt").exists()


class TestRefusals:
    def test_no_pictures(self, tmp_path: Path) -> None:
        only_sound = tmp_path / "voice.mp4"
        with av.open(str(only_sound), "w", format="mp4") as container:
            stream = container.add_stream("aac", rate=RATE, layout="mono")
            for first in range(0, RATE, 1024):
                frame = av.AudioFrame.from_ndarray(
                    np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
                )
                frame.sample_rate, frame.pts = RATE, first
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        self.refused(tmp_path, only_sound, "`voice`: the clip has no pictures", "not-a-clip")

    def test_cut_off(self, tmp_path: Path) -> None:
        clip = make_film(tmp_path / "short.mp4")
        clip.write_bytes(clip.read_bytes()[:-400])
        self.refused(tmp_path, clip, "`short`: the clip is cut short", "truncated")

    def test_damaged_in_the_middle(self, tmp_path: Path) -> None:
        clip = make_film(tmp_path / "hole.mp4", frames=48, size=(320, 180), sound=None)
        data = bytearray(clip.read_bytes())
        start = data.index(b"mdat") + 8
        data[start : start + 1200] = bytes(1200)
        clip.write_bytes(data)
        self.refused(tmp_path, clip, "`hole`: the clip is damaged", "not-a-clip", fps="24")

    def test_gone(self, tmp_path: Path) -> None:
        self.refused(
            tmp_path, tmp_path / "gone.mp4", "`gone`: its clip gone.mp4 is gone", "missing"
        )

    def test_no_room_for_crossfades(self, tmp_path: Path) -> None:
        clip = make_film(tmp_path / "brief.mp4", frames=6)
        pieces = [piece(clip, crossfade=0.4)] * 3
        with pytest.raises(OperationFailed, match=r"`brief`: its clip lasts 0.50 s, too short"):
            assemble(tmp_path / "teaser.mp4", pieces)

    def test_replaced(self, tmp_path: Path) -> None:
        clip = make_film(tmp_path / "other.mp4")
        changed = {**piece(clip), "sha256": "0" * 64}
        with pytest.raises(OperationFailed, match="its clip has changed"):
            assemble(tmp_path / "teaser.mp4", [changed])

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"la la la\n" * 90, "theme.mp3 is a text, not a sound file"),
            (b"", "theme.mp3 is empty"),
            (b"ID3" + bytes(900), "theme.mp3 is damaged and cannot be read"),
            (b"\x89PNG\r\n\x1a\n" + bytes(90), "theme.mp3 is a picture"),
        ],
    )
    def test_music_that_is_none(self, tmp_path: Path, data: bytes, words: str) -> None:
        clip, theme = make_film(tmp_path / "hero.mp4"), tmp_path / "theme.mp3"
        theme.write_bytes(data)
        with pytest.raises(OperationFailed, match=words) as error:
            assemble(tmp_path / "teaser.mp4", [piece(clip)], music=str(theme))
        assert error.value.code == "music"

    def test_nobody_wants_it_any_more(self, tmp_path: Path, clips: list[Path]) -> None:
        target = tmp_path / "teaser.mp4"
        with pytest.raises(OperationFailed) as error:
            assemble(target, [piece(clips[0])], part=str(tmp_path / "removed"))
        assert error.value.code == "abandoned"
        assert not target.exists()

    def refused(self, folder: Path, clip: Path, words: str, code: str, **more: str) -> None:
        target = folder / "teaser.mp4"
        with pytest.raises(OperationFailed) as error:
            assemble(target, [piece(clip)], **more)
        assert error.value.message.startswith(words)
        assert error.value.code == code
        assert not target.exists()


@pytest.mark.parametrize(("said_s", "noted"), [(60.0, False), (0.25, True)])
def test_a_header_that_lies_is_not_believed(tmp_path: Path, said_s: float, noted: bool) -> None:
    clip = make_film(tmp_path / "liar.mp4", sound=None)
    data = bytearray(clip.read_bytes())
    at = data.index(b"mdhd") + 4 + 4 + 8
    scale = int.from_bytes(data[at : at + 4], "big")
    data[at + 4 : at + 8] = round(scale * said_s).to_bytes(4, "big")
    clip.write_bytes(data)
    target = tmp_path / "teaser.mp4"
    answer = assemble(target, [piece(clip)])
    assert (answer["frames"], len(tones(target))) == (12, 12)
    said = "`liar`: its file says 0.25 s, and there are pictures for 1.00 s; these are used"
    assert answer["notes"] == ([said] if noted else [])
