from __future__ import annotations

import errno
import pickle
from collections.abc import Mapping

import pytest

from sora_batch.media import OPERATIONS
from sora_batch.media.operation import Operation, OperationFailed, perform
from sora_batch.shots import Json


def failing(error: Exception) -> Mapping[str, Operation]:
    def operation(spec: Mapping[str, Json]) -> Mapping[str, Json]:
        raise error

    return {"fit": operation}


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (OperationFailed("a.png is empty", code="truncated"), "truncated", "a.png is empty"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.png"), "missing", "no such file: a"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk-full", "no space left"),
        (PermissionError(errno.EACCES, "Permission denied", "x"), "disk", "permission denied"),
        (ValueError("odd"), "bug", "fit stumbled over ValueError: odd; this is a bug"),
    ],
)
def test_an_operation_fails_in_one_way_only(error: Exception, code: str, words: str) -> None:
    with pytest.raises(OperationFailed) as caught:
        perform(failing(error), "fit", {})
    assert caught.value.code == code
    assert words in caught.value.message


def test_a_name_that_is_no_operation_is_a_bug() -> None:
    with pytest.raises(OperationFailed) as caught:
        perform(OPERATIONS, "render", {})
    assert caught.value.code == "bug"


def test_a_failure_crosses_to_another_process_whole() -> None:
    error = pickle.loads(pickle.dumps(OperationFailed("cut short", code="truncated")))
    assert (error.message, error.code) == ("cut short", "truncated")


def test_every_name_in_the_table_is_a_function() -> None:
    assert {"verify", "thumbnail", "fit"} <= set(OPERATIONS)
    assert all(callable(OPERATIONS[name]) for name in OPERATIONS)
