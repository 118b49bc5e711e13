"""Why a model stopped writing, in the words of its host."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from gettok.step import Json

#: `whole`: the answer is what it wrote. `failed`: trouble at the host, which may pass.
Ending = Literal["whole", "cut_short", "filtered", "refused", "failed"]

#: In lower case. OpenAI's own words come first in each group; hosts that pass another's words on are not named.
_WORDS: Final[Mapping[Ending, str]] = MappingProxyType(
    {
        # Mistral and Cohere write the same words; Anthropic's end_turn and tool_use, Hugging Face's eos_token
        "whole": "stop tool_calls function_call end_turn stop_sequence tool_use tool_call complete eos eos_token",
        # Gemini and Cohere max_tokens, Mistral model_length, vLLM repetition, Anthropic and z.ai the context window
        "cut_short": "length max_tokens model_length repetition model_context_window_exceeded max_output_tokens"
        " error_limit token_limit",
        # Gemini's are safety to model_armor; z.ai sensitive, Bedrock guardrail_intervened, Cohere error_toxic
        "filtered": "content_filter safety recitation blocklist prohibited_content spii language image_safety"
        " image_prohibited_content image_recitation model_armor sensitive content_filtered guardrail_intervened"
        " error_toxic",
        "refused": "refusal",
        # Mistral and OpenRouter error, vLLM abort, Ollama load and unload, z.ai network_error, DeepSeek's lack of
        # resources, and Gemini's from other on: the same question may be answered the next time
        "failed": "error abort aborted load unload network_error insufficient_system_resource timeout cancelled"
        " canceled user_cancel other malformed_function_call unexpected_tool_call too_many_tool_calls"
        " malformed_response missing_thought_signature malformed_model_output",
    }
)
_ENDING: Final = MappingProxyType(
    {word: ending for ending, words in _WORDS.items() for word in words.split()}
)
_CAMEL_CASE: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def ending_of(choice: Mapping[str, Json]) -> Ending | None:
    """How a choice ended: by its `finish_reason`, or by `native_finish_reason`, which OpenRouter adds.

    `None` if both are unknown or missing, as at Ollama: then only the content can tell.
    """
    known = [_known(choice.get(name)) for name in ("finish_reason", "native_finish_reason")]
    return next((ending for ending in known if ending not in {None, "whole"}), known[0] or known[1])


def _known(word: Json) -> Ending | None:
    """Gemini's endpoint also writes `content_filter: RECITATION`, and client libraries `FinishReason.SAFETY`.

    Vertex writes `FINISH_REASON_SAFETY`, SGLang `{"type": "abort"}`, and others `contentFilter`.
    """
    text = str(word.get("type") if isinstance(word, dict) else word)
    text = text.partition(":")[0].rpartition(".")[2].strip().replace("-", "_").replace(" ", "_")
    return _ENDING.get(_CAMEL_CASE.sub("_", text).lower().removeprefix("finish_reason_"))
