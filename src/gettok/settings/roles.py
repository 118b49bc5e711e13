"""What each setting can change: a stance, another result, or nothing but how the work is done.

Each setting of `params.yaml` is in one of the three lists, alone or with its section; a test fails for one that is not.
"""

from collections.abc import Mapping
from pathlib import Path

from gettok.settings.types import Asr
from gettok.step import Json

#: The answer's key has every other setting of `asr`: forgetting one in a list must not serve an answer made without it.
ASR_EXECUTION_ONLY = ("device", "batch_size")

#: Settings that are part of an answer's key, or that decide which videos and files there are to ask about.
CHOICES = (
    "study.query",
    "study.start",
    "study.end",
    "study.stance",
    *(f"source.{name}" for name in ("kind", "name", "file")),
    *(f"download.{name}" for name in ("backend", "folder", "max_bytes")),
    "frames",
    *(f"asr.{name}" for name in Asr.model_fields if name not in ASR_EXECUTION_ONLY),
    *(
        f"llm.{name}"
        for name in (
            "base_url",
            "model",
            "extra_models",
            "cascade",
            "temperature",
            "max_tokens",
            "max_frames",
        )
    ),
    *(f"llm.{name}" for name in ("image_detail", "structured_output", "votes", "confidence", "sees")),
    *(f"llm.clip.{name}" for name in ("max_side", "fps", "max_s", "with_sound")),
    "codebook",
    "prompts",
)

#: Settings that change other results: the report, the release, comparisons, costs, and what is collected beside videos.
OTHER_RESULTS = (
    *(f"study.{name}" for name in ("name", "title", "events")),
    "collect",
    "download.trust_list",
    "llm.prices",
    "prompt_injection",
    "ocr",
    "embedder",
    "release",
    "citation",
    "report",
    "terms",
)

#: Settings that change no result: timeouts, retries, concurrency, addresses and devices.
EXECUTION_ONLY = (
    "about",
    "conf_digest",
    *(f"source.{name}" for name in ("api", "pages", "window_days")),
    *(
        f"download.{name}"
        for name in ("timeout_s", "max_attempts", "keep_free_bytes", "max_concurrency", "pause_s")
    ),
    *(f"asr.{name}" for name in ASR_EXECUTION_ONLY),
    *(f"llm.{name}" for name in ("api_key_env", "timeout_s", "max_attempts", "max_concurrency")),
    *(f"llm.{name}" for name in ("max_tokens_param", "batch", "budget_usd", "image_tokens")),
    *(f"llm.clip.{name}" for name in ("tokens_per_frame", "tokens_per_s_of_sound")),
    "ocr.max_concurrency",
    "engine",
    "plan",
)


def is_under(key: str, settings: tuple[str, ...]) -> bool:
    """Whether a setting, such as `llm.prices.input_usd_per_million`, is in the list, or its section is."""
    return any(f"{key}.".startswith(f"{listed}.") for listed in settings)


def results_only(settings: Mapping[str, Json], prefix: str = "") -> dict[str, Json]:
    """Settings as plain JSON, without those that change no result, and without the folders of this machine."""
    return {
        name: results_only(value, f"{prefix}{name}.") if isinstance(value, Mapping) else portable(value)
        for name, value in settings.items()
        if not is_under(f"{prefix}{name}", EXECUTION_ONLY)
    }


def portable(value: Json) -> Json:
    """The bare name of an absolute path, such as that of a model's folder; anything else as it is."""
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
