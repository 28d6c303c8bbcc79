"""A refusal: the status and words a request is turned down with, and the envelopes they go in."""

from __future__ import annotations

from sora_batch.shots import Json


class Refused(Exception):
    """The request is not accepted; no job exists because of it.

    `param` names the field at fault and `code` is a word for programs; both may be missing.
    """

    def __init__(
        self, status: int, message: str, *, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code


def openai_envelope(refused: Refused) -> Json:
    """The body of the answer as OpenAI wrote it."""
    kind = "server_error" if refused.status >= 500 else "invalid_request_error"
    return {
        "error": {
            "message": refused.message,
            "type": kind,
            "param": refused.param,
            "code": refused.code,
        }
    }


def detail_envelope(refused: Refused) -> Json:
    """The body as FastAPI writes it: a list for fields that do not validate, else a sentence."""
    if refused.status != 422 or refused.param is None:
        return {"detail": refused.message}
    return {
        "detail": [
            {
                "type": "missing" if "Missing" in refused.message else "value_error",
                "loc": ["body", refused.param],
                "msg": refused.message,
                "input": None,
            }
        ]
    }


def string_code_envelope(refused: Refused) -> Json:
    """The body as LiteLLM writes it: OpenAI's, with the status as a string for its code."""
    ours = refused.status >= 500
    name = "InternalServerError" if ours else "BadRequestError"
    return {
        "error": {
            "message": f"litellm.{name}: {refused.message}",
            "type": "internal_server_error" if ours else "invalid_request_error",
            "param": None,
            "code": str(refused.status),
        }
    }


def relay_envelope(refused: Refused) -> Json:
    """The body as new-api writes it: of its own about orders and jobs, and OpenAI's where a path
    does not exist or a clip cannot be had."""
    if refused.status == 404 or refused.code in {"video_not_ready", "video_generation_failed"}:
        error: Json = {"message": refused.message, "type": "invalid_request_error"}
        return {"error": error}
    return {"code": refused.code or "invalid_request", "message": refused.message, "data": None}


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> Refused:
    """400: the request itself is wrong."""
    return Refused(400, message, param=param, code=code)


def no_such_video(video_id: str) -> Refused:
    """404, in the words OpenAI used."""
    return Refused(
        404, f"Video with id '{video_id}' not found.", param="video_id", code="not_found"
    )
