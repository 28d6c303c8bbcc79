"""Which font files there are on this machine, and which names promise most for a character.

Knows names and places only; `fonts.py` opens the files.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import unicodedata
from functools import lru_cache
from pathlib import Path

_log = logging.getLogger(__name__)

_SUFFIXES = frozenset({".ttf", ".otf", ".ttc", ".otc"})
_FOLDERS = {
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": (r"%WINDIR%\Fonts", r"%LOCALAPPDATA%\Microsoft\Windows\Fonts"),
    "linux": ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"),
}
_GOOD = (
    ("notosans-regular", 9),
    ("notosans", 8),
    ("inter", 7),
    ("dejavusans.", 6),
    ("liberationsans", 6),
    ("opensans", 6),
    ("roboto", 6),
    ("helvetica", 6),
    ("segoeui", 6),
    ("arial", 6),
    ("sans", 4),
    ("regular", 3),
)
_POOR = (
    ("italic", 9),
    ("oblique", 9),
    ("condensed", 7),
    ("mono", 6),
    ("serif", 5),
    ("bold", 5),
    ("black", 5),
    ("thin", 5),
    ("light", 4),
    ("display", 3),
    ("symbol", 2),
)
_CJK_NAMES = ("cjk", "pingfang", "hiragino", "yugoth", "msyh", "msgothic", "simsun", "wqy", "han")
_SCRIPT_NAMES = {
    "CJK": _CJK_NAMES,
    "HIRAGANA": _CJK_NAMES,
    "KATAKANA": _CJK_NAMES,
    "FULLWIDTH": _CJK_NAMES,
    "IDEOGRAPHIC": _CJK_NAMES,
    "HANGUL": ("malgun", "gothicneo", "nanum", *_CJK_NAMES),
    "ARABIC": ("arabic", "geeza", "tahoma"),
    "THAI": ("thai", "leelawad", "thonburi"),
}
_WIDE_NAMES = ("dejavusans", "arialuni", "notosans-regular", "segoeui", "arial", "tahoma")
_EMOJI_BY_DEFAULT = frozenset(
    map(
        ord,
        "⌚⌛⏩⏪⏫⏬⏰⏳◽◾☔☕♈♉♊♋♌♍♎♏♐♑♒♓♿⚓⚡⚪⚫⚽⚾⛄⛅⛎⛔⛪⛲⛳⛵⛺⛽"
        "✅✊✋✨❌❎❓❔❕❗➕➖➗➰➿⬛⬜⭐⭕",
    )
)


@lru_cache(maxsize=512)
def ask_fontconfig(code: int) -> tuple[tuple[Path, int], ...] | None:
    """Files and indices of the fonts that cover a character; None where there is no fontconfig."""
    program = shutil.which("fc-list")
    if program is None:
        return None
    request = [program, "--format", "%{file}\t%{index}\n", f":charset={code:x}"]
    try:
        answer = subprocess.run(request, capture_output=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        _log.info("fontconfig is of no use: %s", error)
        return None
    found = []
    for line in answer.decode(errors="replace").splitlines():
        name, _, index = line.partition("\t")
        path = Path(name)
        # The upper half of fontconfig's index names an instance of a variable font.
        if path.suffix.lower() in _SUFFIXES and index.isdigit() and int(index) < 0x10000:
            found.append((path, int(index)))
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=1)
def font_files() -> tuple[Path, ...]:
    """Every font file in the folders where this system keeps them."""
    folders = _FOLDERS.get(sys.platform, _FOLDERS["linux"])
    found: list[Path] = []
    for folder in folders:
        root = Path(os.path.expandvars(folder)).expanduser()
        for parent, _, names in os.walk(root):
            found += [
                Path(parent, name) for name in names if Path(name).suffix.lower() in _SUFFIXES
            ]
    return tuple(sorted(found))


def name_score(path: Path, code: int) -> int:
    """How promising a file's name is: an upright sans of the character's script comes first."""
    name = path.name.lower().replace("_", "").replace(" ", "")
    score = next((points for part, points in _GOOD if part in name), 0)
    score -= sum(points for part, points in _POOR if part in name.replace("sans-serif", ""))
    if code:
        script = unicodedata.name(chr(code), "").split(" ")[0].split("-")[0]
        hints = _SCRIPT_NAMES.get(script, (script.lower() or "?",))
        score += 20 * any(hint in name for hint in hints)
        score += 30 * (is_pictograph(code) and "emoji" in name) + 10 * (
            is_pictograph(code) and "color" in name
        )
        score += 5 * any(wide in name for wide in _WIDE_NAMES)
    return score


def is_pictograph(code: int) -> bool:
    """Whether a character is an emoji by nature, and should be in colour where that can be."""
    return 0x1F000 <= code <= 0x1FAFF or code in _EMOJI_BY_DEFAULT
