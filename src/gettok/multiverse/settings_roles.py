"""Which settings are choices that a stance may depend on, and which only say how the work is done.

Each setting of `params.yaml` is in one of the two lists, alone or with its section; a test fails for one that is not.
"""

#: Settings that are part of an answer's key, or that decide which videos and files there are to ask about.
CHOICES = (
    "study.query",
    "study.start",
    "study.end",
    "study.stance",
    *(f"source.{name}" for name in ("kind", "name", "file")),
    *(f"download.{name}" for name in ("backend", "folder", "max_bytes")),
    "frames",
    *(f"asr.{name}" for name in ("backend", "model", "revision", "compute_type", "language", "vad")),
    *(f"asr.{name}" for name in ("chunk_s", "window_s", "beam_size", "min_speech_ratio", "align")),
    *(
        f"llm.{name}"
        for name in ("base_url", "model", "extra_models", "temperature", "max_tokens", "max_frames")
    ),
    *(f"llm.{name}" for name in ("image_detail", "structured_output", "votes", "confidence")),
    "prompts",
)

#: How patiently and how fast the work is done, what it costs, what else is asked, and how the stances are reported.
EXECUTION_ONLY = (
    "conf_digest",
    *(f"study.{name}" for name in ("name", "title", "events")),
    *(f"source.{name}" for name in ("api", "pages", "window_days")),
    "collect",
    *(
        f"download.{name}"
        for name in ("timeout_s", "max_attempts", "keep_free_bytes", "max_concurrency", "pause_s")
    ),
    *(f"asr.{name}" for name in ("device", "batch_size")),
    *(
        f"llm.{name}"
        for name in (
            "api_key_env",
            "timeout_s",
            "max_attempts",
            "max_concurrency",
            "max_tokens_param",
            "batch",
        )
    ),
    *(f"llm.{name}" for name in ("budget_usd", "image_tokens", "prices")),
    "prompt_injection",
    "ocr",
    "embedder",
    "release",
    "report",
    "engine",
)


def is_under(key: str, settings: tuple[str, ...]) -> bool:
    """Whether a setting, such as `llm.prices.input_usd_per_million`, is in the list, or its section is."""
    return any(f"{key}.".startswith(f"{listed}.") for listed in settings)
