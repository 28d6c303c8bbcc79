"""`init` writes what runs, and never over anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from sora_batch.cli import group
from sora_batch.commands.init import FILES, write_starter
from sora_batch.errors import UsageError


def invoked(*words: str) -> Result:
    """The command, called in this process."""
    return CliRunner().invoke(group, list(words), catch_exceptions=False)


def test_init_writes_the_starter_and_says_what_to_type_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = invoked("init", "new")
    assert done.output == (
        "wrote new/campaign.yaml\n"
        "wrote new/data/cities.csv\n"
        "wrote new/assets/harbour.jpg\n"
        "\n"
        "next   cd new\n"
        "       sora-batch plan campaign.yaml\n"
        "       sora-batch run campaign.yaml\n"
    )
    assert {name for name in FILES if (tmp_path / "new" / name).is_file()} == set(FILES)
    with Image.open("new/assets/harbour.jpg") as picture:
        assert picture.size == (1280, 720)


def test_init_goes_where_one_is_and_answers_in_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = invoked("init", "--json")
    assert json.loads(done.output) == {"written": [str(Path(name)) for name in FILES]}


def test_init_never_overwrites_and_writes_nothing_where_a_file_is_in_the_way(
    tmp_path: Path,
) -> None:
    mine = tmp_path / "campaign.yaml"
    mine.write_text("mine")
    with pytest.raises(UsageError, match=r"there already: .*; nothing was written"):
        write_starter(tmp_path)
    assert mine.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [mine]


def test_a_dangling_link_is_in_the_way_too(tmp_path: Path) -> None:
    (tmp_path / "campaign.yaml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError):
        write_starter(tmp_path)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("profile", [[], ["--profile", "final"]])
def test_the_starter_has_no_problems_whichever_profile_is_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    invoked("init")
    assert invoked("check", "campaign.yaml", *profile).output == "no problems in campaign.yaml\n"
    plan = json.loads(invoked("plan", "campaign.yaml", "--json", *profile).output)
    assert plan["counts"]["make"] == 7
    assert plan["estimate_usd"] == ("5.60" if profile else "0.00")
