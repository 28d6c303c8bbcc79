from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_batch.manifest.slugs import MAX_WORD_BYTES, folded, is_reserved, slug, value_slug
from sora_batch.shots import Json

FORBIDDEN = set("/\\:*?\"<>|=%&+#!'`~ \t\n") | {chr(code) for code in range(32)}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("hero", "hero"),
        ("Lisbon", "lisbon"),
        ("São Paulo", "são-paulo"),
        ("Sa\u0303o", "são"),
        ("東京 タワー", "東京-タワー"),
        ("Γειά", "γειά"),
        ("İstanbul", "i̇stanbul"),
        ("a/b\\c:d*e?f", "a-b-c-d-e-f"),
        ("../../etc/passwd", "etc-passwd"),
        ("v1.5", "v1.5"),
        (".hidden.", "hidden"),
        ("a.b", "a-b"),
        ("  spaces  ", "spaces"),
        ("snake_case", "snake_case"),
        ("24 mm", "24-mm"),
        ("🎬", ""),
        ("🎬 take", "take"),
        ("", ""),
        ("a\u202eb", "a-b"),
        ("\u3164", ""),
        ("e\u0301tude", "étude"),
        ("\ud800x", "x"),
    ],
)
def test_words(text: str, word: str):
    assert slug(text) == unicodedata.normalize("NFC", word)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("24mm", "24mm"),
        (4, "4"),
        (2.5, "2.5"),
        (-1, "-1"),
        ("-1", "-1"),
        (1, "1"),
        (None, "none"),
        (True, "true"),
        ([1, "b"], "1-b"),
        ({"mood": "Dark", "grain": 2}, "mood-dark-grain-2"),
    ],
)
def test_values_of_axes(value: Json, word: str):
    assert value_slug(value) == word


def test_long_words_are_cut_and_still_differ():
    one, two = slug("a " * 200 + "one"), slug("a " * 200 + "two")
    assert one != two
    assert all(len(word.encode()) <= MAX_WORD_BYTES for word in (one, two))
    assert slug(one) == one


@given(st.text(max_size=80))
def test_every_word_is_a_safe_file_name_and_its_own_slug(text: str):
    word = slug(text)
    assert slug(word) == word
    assert unicodedata.is_normalized("NFC", word)
    assert not set(word) & FORBIDDEN
    assert word == word.strip(". -")
    assert len(word.encode()) <= MAX_WORD_BYTES
    assert all(unicodedata.category(char)[0] in "LMN" or char in "_-." for char in word)


@given(st.text(max_size=20), st.text(max_size=20))
def test_words_that_only_differ_in_case_fold_together(left: str, right: str):
    assert folded(left) == folded(unicodedata.normalize("NFD", left))
    if folded(left) != folded(right):
        assert left != right


def test_sharp_s_and_double_s_are_one_file_to_some_disks():
    assert folded("straße") == folded("strasse")


@pytest.mark.parametrize("name", ["con", "NUL", "com1", "lpt9", "aux.lens=24mm", "com¹"])
def test_names_windows_keeps_for_itself(name: str):
    assert is_reserved(name)


@pytest.mark.parametrize("name", ["console", "com", "com10", "hero", "null"])
def test_names_windows_does_not_mind(name: str):
    assert not is_reserved(name)
