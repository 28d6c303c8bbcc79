"""A gateway that orders anew, unasked, when the server behind it answers with an error or nonsense.

LiteLLM does (seen with 1.106.2): one order becomes up to three, and whoever sent it sees one
answer. The server behind the gateway is the simulator itself, so its bill shows them all.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sora_batch.simulator.broken_answers import Silence
from sora_batch.simulator.dialects import Dialect
from sora_batch.simulator.refusals import Refused

_WAITING = frozenset({"retry-after", "retry-after-ms", "x-ratelimit-reset-requests"})


async def repeated(
    once: Callable[[], Awaitable[Response]], request: Request, dialect: Dialect
) -> Response:
    """The first answer of use, or what the gateway says when there was none."""
    asked = request.headers.get(dialect.repeats_header, "")
    most = int(asked) if asked.isdigit() else dialect.repeats
    for done in range(most + 1):
        answer = await once()
        if _is_of_use(answer):
            answer.headers["x-litellm-attempted-retries"] = str(done)
            return answer
    if answer.status_code == 200:
        refused = Refused(500, "APIConnectionError: validation errors for VideoObject")
        return JSONResponse(dialect.envelope(refused), refused.status)
    for name in _WAITING & set(answer.headers):
        answer.headers[f"llm_provider-{name}"] = answer.headers[name]
        del answer.headers[name]
    return answer


def _is_of_use(answer: Response) -> bool:
    """Whether the gateway passes it on; a dropped connection is between it and its client."""
    if isinstance(answer, Silence):
        return True
    if answer.status_code == 429 or answer.status_code >= 500:
        return False
    try:
        video = json.loads(bytes(answer.body))
    except ValueError:
        return False
    return isinstance(video, dict) and {"object", "status"} <= video.keys()
