"""A refusal: the status and the words a request is turned down with, in OpenAI's envelope."""

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

    @property
    def envelope(self) -> dict[str, Json]:
        """The body of the answer."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        return {
            "error": {
                "message": self.message,
                "type": kind,
                "param": self.param,
                "code": self.code,
            }
        }


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> Refused:
    """400: the request itself is wrong."""
    return Refused(400, message, param=param, code=code)


def no_such_video(video_id: str) -> Refused:
    """404, in the words OpenAI used."""
    return Refused(
        404, f"Video with id '{video_id}' not found.", param="video_id", code="not_found"
    )
