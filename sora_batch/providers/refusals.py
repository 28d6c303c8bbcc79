"""What an answer to create means when it is not a job: refused for certain, or unknown.

The table of `docs/money.md`. A code that is not in it proves nothing, and is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sora_batch.providers import replies
from sora_batch.providers.provider import NotAccepted, OutcomeUnknown
from sora_batch.records import Failure, FailureKind

_INVALID = frozenset({400, 405, 406, 409, 413, 415, 422})
# Not 303: it leads on from a request that was carried out.
_REDIRECTS = frozenset({301, 302, 307, 308})


def unreachable(base_url: str, words: str) -> Failure:
    """Nothing was sent: the server could not be reached."""
    return Failure(FailureKind.TRANSIENT, f"cannot reach {base_url}: {words}")


def of_create(
    code: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    busy: frozenset[int],
    now: datetime,
    from_job: bool = True,
    refuses: frozenset[str] = frozenset(),
) -> NotAccepted | OutcomeUnknown:
    """The exception that stands for an answer to create that is no success.

    `from_job` is whether the order can name another job, which may be missing; `refuses` are the
    words for programs by which this server turns an order down for certain, whatever the code.
    """
    word, words = replies.error_words(body)
    if code == 409 and "idempoten" in f"{word} {words}".lower():
        # A proxy on the way has sent the order twice, and the first one is at work.
        return OutcomeUnknown(f"the server answered {code}", server_words=words)
    if code == 429 or code in busy:
        if replies.is_out_of_credit(word, words):
            return _stop(FailureKind.OUT_OF_CREDIT, "the account is out of credit", words)
        wait = replies.retry_after_s(headers, now)
        throttled = Failure(FailureKind.THROTTLED, f"the server is busy ({code})", words)
        return NotAccepted(throttled, retry_after_s=wait)
    if (told := _of_account(code, word, words)) is not None:
        return told
    if code in {404, 410} or (code in _INVALID and replies.is_unknown_model(word, words)):
        return _not_there(code, word, words, from_job=from_job)
    if word in refuses:
        return _not_there(code, word, words, from_job=False)
    if code in _INVALID:
        message = f"the server does not accept this request ({code})"
        return NotAccepted(Failure(FailureKind.INVALID, message, words))
    if code in _REDIRECTS:
        where = replies.clean(headers.get("location", "elsewhere"), 200)
        return _astray(f"the server moved to {where}: mend base_url", words)
    return OutcomeUnknown(f"the server answered {code}", server_words=words)


def _of_account(code: int, word: str, words: str) -> NotAccepted | None:
    """Refused for who asks or for what is asked for: credit, moderation, key."""
    if code == 402 or (code in {400, 403} and replies.is_out_of_credit(word, words)):
        return _stop(FailureKind.OUT_OF_CREDIT, "the account is out of credit", words)
    if code in {400, 403, 422} and replies.is_refusal(word, words):
        message = "refused by moderation (prompt)"
        return NotAccepted(Failure(FailureKind.REFUSED, message, words, "prompt"))
    if code in {401, 403} or (code == 400 and replies.is_bad_key(word)):
        message = f"the server does not accept the key ({code})"
        return _stop(FailureKind.UNAUTHORISED, message, words)
    return None


def _not_there(code: int, word: str, words: str, *, from_job: bool) -> NotAccepted:
    """404: the source job is gone (one shot's trouble), or the model or path is (everybody's)."""
    if from_job and "video" in words.lower() and not replies.is_unknown_model(word, words):
        message = f"the job it is made from is not on the server any more ({code})"
        return NotAccepted(Failure(FailureKind.INVALID, message, words))
    message = f"the server has no such model or path ({code})"
    return _astray(message, words)


def _astray(message: str, words: str) -> NotAccepted:
    """What orders go to is not there: nothing is wrong with the shot."""
    return NotAccepted(Failure(FailureKind.INVALID, message, words, "target"), stops_run=True)


def _stop(kind: FailureKind, message: str, words: str) -> NotAccepted:
    return NotAccepted(Failure(kind, message, words), stops_run=True)
