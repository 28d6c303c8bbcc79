"""How each server family speaks its protocol, as data; most speak the `/v1/videos` one.

A record says what is established about a family (see `docs/servers.md` for the sources); what is
not established stays at the cautious value. Adding a family is adding a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sora_batch.planning.capabilities import Capabilities, Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One family's way of speaking its protocol.

    `protocol` is which one. `key_variable` is the environment variable that holds the key for its
    own address, "" where there is no custom.
    `base_url` is its own address, None where every installation has another. `key_header` carries
    the key, `Authorization` as a bearer. `variants` is whether content takes `?variant=`; where it
    does, a thumbnail is offered too. `ranges` is whether a download can go on where it broke off.
    `busy` are the codes by which a create is turned away for now, besides 429. `poll_floor_s` is
    how soon asking again is polite. `label_header` carries the shot id, "" where nobody is told it.
    """

    kind: str
    protocol: Literal["videos", "openrouter"] = "videos"
    key_variable: str = ""
    base_url: str | None = None
    key_header: str = "Authorization"
    variants: bool = False
    ranges: bool = False
    busy: frozenset[int] = frozenset()
    poll_floor_s: float = 1.0
    label_header: str = ""
    capabilities: Capabilities = field(default_factory=Capabilities)


_SORA = Capabilities(
    remix=True,
    edit=True,
    extend=True,
    listing=Listing.PROMPTS,
    deletes=True,
    fields=frozenset(),
)

# vLLM-Omni 0.30 ignores unknown form fields without a word, so a misspelt one would cost a render.
_VLLM_OMNI_FIELDS = frozenset(
    "user width height num_frames fps aspect_ratio short_edge start_time_seconds quality "
    "num_inference_steps guidance_scale guidance_scale_2 true_cfg_scale boundary_ratio flow_shift "
    "generate_sound sound_duration negative_prompt enable_frame_interpolation "
    "frame_interpolation_exp frame_interpolation_scale frame_interpolation_model_path lora "
    "extra_params return_stage_metrics control_type".split()
)

# It drops options it does not know without a word. `frame_type` is ours: it says which frame the
# reference picture is. The rest stands in its API reference.
_OPENROUTER_FIELDS = frozenset(
    "generate_audio provider callback_url session_id user trace frame_type".split()
)

DIALECTS: Mapping[str, Dialect] = {
    dialect.kind: dialect
    for dialect in (
        Dialect(
            kind="local",
            base_url="http://local/v1",
            variants=True,
            ranges=True,
            poll_floor_s=0.05,
            label_header="x-sora-batch-shot",
            capabilities=Capabilities(
                remix=True,
                edit=True,
                extend=True,
                seed=True,
                whole_seconds=False,
                any_model=True,
                self_hosted=True,
                listing=Listing.PROMPTS,
                settle_s=5.0,
                deletes=True,
                cancels=True,
            ),
        ),
        Dialect(
            kind="openai",
            base_url="https://api.openai.com/v1",
            key_variable="OPENAI_API_KEY",
            variants=True,
            poll_floor_s=1.0,
            capabilities=_SORA,
        ),
        Dialect(
            kind="azure",
            key_header="api-key",
            poll_floor_s=2.0,
            capabilities=Capabilities(
                remix=True, listing=Listing.PROMPTS, deletes=True, fields=frozenset()
            ),
        ),
        Dialect(
            kind="vllm-omni",
            ranges=True,
            capabilities=Capabilities(
                seed=True,
                self_hosted=True,
                listing=Listing.PROMPTS,
                settle_s=30.0,
                deletes=True,
                cancels=True,
                fields=_VLLM_OMNI_FIELDS,
            ),
        ),
        Dialect(
            kind="sglang",
            ranges=True,
            # Its DELETE forgets the record and lets the job render on.
            capabilities=Capabilities(
                seed=True, self_hosted=True, listing=Listing.BARE, settle_s=30.0, deletes=True
            ),
        ),
        Dialect(
            kind="litellm",
            poll_floor_s=2.0,
            capabilities=Capabilities(
                remix=True, edit=True, extend=True, any_model=True, listing=Listing.NONE
            ),
        ),
        Dialect(
            kind="unsloth",
            busy=frozenset({409}),
            poll_floor_s=2.0,
            capabilities=Capabilities(
                whole_seconds=False,
                any_model=True,
                self_hosted=True,
                listing=Listing.PROMPTS,
                settle_s=30.0,
                # It takes any name and answers with that of the model it has loaded.
                lists_models=False,
                deletes=True,
            ),
        ),
        Dialect(
            kind="openrouter",
            protocol="openrouter",
            base_url="https://openrouter.ai/api/v1",
            key_variable="OPENROUTER_API_KEY",
            poll_floor_s=10.0,
            capabilities=Capabilities(seed=True, listing=Listing.NONE, fields=_OPENROUTER_FIELDS),
        ),
    )
}
