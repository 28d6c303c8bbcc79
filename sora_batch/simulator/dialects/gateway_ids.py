"""LiteLLM's job ids: base64 that names the service, the model and the job of the server behind it;
and how it quotes that server when a job has failed there.

Three traps of theirs are in here: `+`, `/` and `=` occur, later answers carry another id than the
answer to create, and that later id has lost its way to the server.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping

from sora_batch.shots import Json
from sora_batch.simulator.job import Job
from sora_batch.simulator.refusals import Refused, string_code_envelope

# Three of each, so that whatever stands before them one `+` and one `/` come out.
_AWKWARD = "~~~???"
_FORM = "litellm:custom_llm_provider:openai;model_id:{model};video_id:{job}"


def gateway_id(job: Job, again: bool) -> str:
    """The id in the answer to create; in a later one (`again`) the model is left blank."""
    inner = _FORM.format(model="" if again else job.model, job=job.id + _AWKWARD)
    # With a length that is no multiple of three, `=` comes out too.
    inner += "" if len(inner.encode()) % 3 else "="
    return "video_" + base64.b64encode(inner.encode()).decode()


def behind_gateway(shown: str) -> str:
    """The job such an id stands for; what cannot be reached by it is left as it is."""
    try:
        inner = base64.b64decode(shown.removeprefix("video_"), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return shown
    head, _, rest = inner.partition(";video_id:")
    if not rest or head.endswith("model_id:"):
        return shown
    return rest.partition(_AWKWARD)[0]


def quoted(job: Job, shown: Mapping[str, Json]) -> Json:
    """What it makes of a server behind it that answers a failed job with 500 and the job."""
    behind = json.dumps({**shown, "id": job.id + _AWKWARD})
    return string_code_envelope(Refused(500, f"Hosted_vllmException - {behind}"))
