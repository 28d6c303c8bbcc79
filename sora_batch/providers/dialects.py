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

    `order_headers` go along with every order. `refuses` are its words for programs by which a
    create is turned down for certain, even with a 5xx. `quotes_jobs` is whether its error about a
    job that failed quotes the answer of the server behind it. `remix_form` is whether a remix is
    ordered as a form; else it is JSON.
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
    order_headers: Mapping[str, str] = field(default_factory=dict)
    refuses: frozenset[str] = frozenset()
    quotes_jobs: bool = False
    remix_form: bool = False
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
    "extra_params return_stage_metrics control_type video_reference audio_reference".split()
)

# SGLang 0.5.23 drops form fields that it does not declare; `extra_params` takes what only the
# loaded model knows.
_SGLANG_FIELDS = frozenset(
    "width height fps num_frames negative_prompt num_inference_steps guidance_scale "
    "guidance_scale_2 true_cfg_scale max_sequence_length flow_shift enable_teacache enhance_prompt "
    "task_type enable_frame_interpolation frame_interpolation_exp frame_interpolation_scale "
    "frame_interpolation_model_path enable_upscaling upscaling_model_path upscaling_scale "
    "output_quality output_compression x264_preset output_path diffusers_kwargs generator_device "
    "reference_url video_url video_path extra_params extra_body".split()
)

# Seen with the proxy 1.106.2: this header goes before its settings and its retry policy, and one
# order stays one order upstream where three were sent without it.
_NO_RETRIES = {"x-litellm-num-retries": "0"}

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
            # Its reference has forms for it, and nothing else.
            remix_form=True,
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
            # Its DELETE forgets the record and lets the job render on; a model's name is echoed.
            capabilities=Capabilities(
                seed=True,
                any_model=True,
                self_hosted=True,
                listing=Listing.BARE,
                settle_s=30.0,
                deletes=True,
                fields=_SGLANG_FIELDS,
            ),
        ),
        Dialect(
            kind="litellm",
            poll_floor_s=2.0,
            order_headers=_NO_RETRIES,
            quotes_jobs=True,
            capabilities=Capabilities(
                remix=True,
                edit=True,
                extend=True,
                any_model=True,
                listing=Listing.NONE,
                may_repeat="its own repeats of an order are switched off with each order (seen "
                "with 1.106.2); its fallbacks to another model cannot be: leave `fallbacks` out of "
                "its configuration, or what they order is paid for unseen",
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
            kind="new-api",
            # It hands Range on; whether the server behind it heeds that differs, and does no harm.
            ranges=True,
            poll_floor_s=5.0,
            # A model without a channel is turned down before any channel was asked.
            refuses=frozenset({"model_not_found"}),
            capabilities=Capabilities(
                remix=True,
                any_model=True,
                listing=Listing.NONE,
                may_repeat="whoever runs it may have it try an order on several channels; it bills "
                "one of them, and no answer tells of the others",
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
