"""First frames taken from other shots' clips: when, which, cached, and never paid for twice."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import pytest
from av.video.frame import VideoFrame
from PIL import Image

from sora_batch.planning.plan import Action
from sora_batch.providers.provider import JobStatus, NotAccepted, RenderRequest
from sora_batch.records import AttemptState, Failure, FailureKind
from sora_batch.running import RunReport
from sora_batch.shots import Fit, FrameReference, Shot, ShotId, Size
from tests.running.parts import SIZE, Bench, shot

FRAMES = 24


def follows(
    name: str, parent: str, at: Literal["first", "last"] | Decimal = "last", **values: Any
) -> Shot:
    fit: Fit = values.pop("fit", "cover")
    return replace(shot(name), reference=FrameReference(ShotId(parent), at, fit), **values)


def clip_bytes(folder: Path, *, start: int) -> bytes:
    """A clip whose n-th frame is as grey as `start + 4 * n`."""
    path = folder / f"grey-{start}.mp4"
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FRAMES)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "4", "bf": "2"}
        for number in range(FRAMES):
            grey = Image.new("RGB", SIZE, (start + 4 * number,) * 3)
            frame = VideoFrame.from_image(grey).reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FRAMES)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


def tone(picture: Path) -> int:
    with Image.open(picture) as image:
        return image.convert("L").resize((1, 1), Image.Resampling.BOX).tobytes()[0]


def order_of(bench: Bench, name: str) -> RenderRequest:
    return [order for order in bench.provider.orders if order.label == name][-1]


def picture_of(bench: Bench, name: str) -> Path:
    picture = order_of(bench, name).reference
    assert picture is not None
    return picture


def run(bench: Bench, **how: Any) -> RunReport:
    return asyncio.run(bench.run(**how))


def actions(bench: Bench) -> dict[str, Action]:
    return {step.shot.id: step.action for step in bench.plan.steps}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    shots = [shot("hero"), follows("descent", "hero"), follows("opening", "hero", "first")]
    made = Bench(tmp_path, [*shots, follows("middle", "hero", Decimal("0.5"))])
    made.provider.on_download["hero"] = [clip_bytes(tmp_path, start=40)]
    return made


def test_the_frame_asked_for_goes_with_the_order(bench: Bench) -> None:
    assert run(bench).finished.done == 4
    for name, number in (("opening", 0), ("middle", 12), ("descent", 23)):
        picture = picture_of(bench, name)
        assert picture.suffix == ".png"
        assert tone(picture) == pytest.approx(40 + 4 * number, abs=2), name
    assert order_of(bench, "hero").reference is None


def test_the_sidecar_says_which_frame_of_which_clip(bench: Bench) -> None:
    run(bench)
    parent = json.loads(bench.outputs.sidecar_path(ShotId("hero")).read_text())
    assert parent["written"]["frame_of"] is None
    for name, at, seconds in (("descent", "last", 23 / 24), ("middle", "0.5", 0.5)):
        child = json.loads(bench.outputs.sidecar_path(ShotId(name)).read_text())
        lineage = child["written"]["frame_of"]
        assert (lineage["shot"], lineage["at"]) == ("hero", at)
        assert lineage["clip_sha256"] == parent["sha256"]
        assert float(lineage["seconds"]) == pytest.approx(seconds, abs=1e-5)
        assert child["inputs"]["reference"]["frame_of"] == parent["sha256"]


def test_the_next_run_finds_everything_made(bench: Bench) -> None:
    run(bench)
    report = run(bench)
    assert (report.finished.done, report.finished.reused) == (0, 4)
    assert len(bench.provider.orders) == 4


def test_a_frame_is_fitted_to_its_childs_size(tmp_path: Path) -> None:
    tall = follows("tall", "hero", fit="contain", size=Size(32, 64))
    bench = Bench(tmp_path, [shot("hero"), tall])
    run(bench)
    with Image.open(picture_of(bench, "tall")) as picture:
        assert picture.size == (32, 64)
        assert picture.convert("L").getpixel((5, 2)) == 0


def test_children_are_ordered_when_the_clip_is_there_and_not_before(bench: Bench) -> None:
    bench.provider.on_poll["hero"] = [JobStatus.RENDERING] * 5
    run(bench)
    assert bench.provider.orders[0].label == "hero"
    assert bench.provider.most_at_once <= 3


def test_killed_between_clip_and_child_the_clip_is_not_paid_for_again(bench: Bench) -> None:
    """The order of the child is where the process dies; its frame may be taken or not."""
    bench.provider.on_submit["descent"] = [Killed()]  # type: ignore[list-item]
    with pytest.raises(Killed):
        run(bench)
    intents = [a for a in asyncio.run(bench.recorded())[0] if a.state is AttemptState.SUBMITTING]
    assert [a.shot_id for a in intents] == ["descent"]
    run(bench)
    assert [order.label for order in bench.provider.orders].count("hero") == 1
    assert actions(bench)["hero"] is Action.REUSE
    # Whether the lost order was accepted nobody knows here, so it is not sent again either.
    assert actions(bench)["descent"] is Action.HOLD
    assert [order.label for order in bench.provider.orders].count("descent") == 1


def test_killed_before_the_frame_is_taken_it_is_taken_by_the_next_run(bench: Bench) -> None:
    stop = asyncio.Event()

    def stop_at_hero(event: object) -> None:
        if type(event).__name__ == "ShotDone":
            stop.set()

    bench.observe = stop_at_hero
    run(bench, stop=stop)
    assert [order.label for order in bench.provider.orders] == ["hero"]
    bench.observe = lambda _: None
    report = run(bench)
    assert (report.finished.done, report.finished.reused) == (3, 1)
    assert sorted(order.label for order in bench.provider.orders) == [
        "descent",
        "hero",
        "middle",
        "opening",
    ]


def test_the_cache_may_be_lost(bench: Bench) -> None:
    bench.provider.on_submit["descent"] = [NotAccepted(BAD)]
    run(bench)
    for path in (bench.outputs.folder / ".cache").iterdir():
        path.unlink()
    middle = bench.manifest.shots[3]
    bench.manifest = replace(
        bench.manifest,
        shots=(*bench.manifest.shots[:3], replace(middle, prompt="other words")),
    )
    run(bench)
    assert tone(picture_of(bench, "middle")) == pytest.approx(40 + 48, abs=2)


def test_another_clip_of_the_same_words_makes_the_children_anew(bench: Bench) -> None:
    run(bench)
    bench.outputs.clip_path(ShotId("hero")).unlink()
    bench.provider.on_download["hero"] = [clip_bytes(bench.manifest.folder, start=100)]
    report = run(bench)
    assert report.finished.done == 4
    assert tone(picture_of(bench, "opening")) == pytest.approx(100, abs=2)


def test_the_same_clip_made_again_keeps_the_children(bench: Bench) -> None:
    run(bench)
    bench.outputs.clip_path(ShotId("hero")).unlink()
    bench.provider.on_download["hero"] = [clip_bytes(bench.manifest.folder, start=40)]
    report = run(bench)
    assert (report.finished.done, report.finished.reused) == (1, 3)
    assert [order.label for order in bench.provider.orders].count("descent") == 1


def test_a_clip_that_has_gone_meanwhile_fails_its_child_and_spends_nothing(bench: Bench) -> None:
    def remove(event: object) -> None:
        if type(event).__name__ == "ShotDone":
            bench.outputs.clip_path(ShotId("hero")).unlink(missing_ok=True)

    bench.observe = remove
    report = run(bench)
    failure = report.failures[ShotId("descent")]
    assert failure.message == "reference: the clip of hero is no longer there"
    assert [order.label for order in bench.provider.orders] == ["hero"]


def test_chains_of_frames_and_remixes_know_themselves_again(tmp_path: Path) -> None:
    chain = [shot("a"), follows("b", "a"), shot("c", remix_of="b"), follows("d", "c")]
    bench = Bench(tmp_path, chain)
    assert run(bench).finished.done == 4
    assert run(bench).finished.reused == 4


def test_twins_of_a_frame_are_one_render(tmp_path: Path) -> None:
    one = follows("one", "a", prompt="same")
    bench = Bench(tmp_path, [shot("a"), one, follows("two", "a", prompt="same")])
    report = run(bench)
    assert (report.finished.done, report.finished.reused) == (2, 1)
    assert run(bench).finished.reused == 3


BAD = Failure(FailureKind.INVALID, "the server does not accept this request (400)")


class Killed(BaseException):
    """The process is gone."""
