"""Refuses valid requests that a server or model does not support, as the sandbox's switches say.

The messages are those of OpenAI, vLLM, Ollama and Azure, as users report them.
"""

from dataclasses import replace

from sandbox.chance import happens
from sandbox.exchange import JsonObject, Refusal, Request
from sandbox.faults import Fault
from sandbox.model.chat import Chat, Clip
from sandbox.model.refusal import ModelRefusal
from sandbox.profiles import Profile
from sandbox.world import World

FILTERED = (
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. "
    "Please modify your prompt and retry."
)
CATEGORIES = ("hate", "self_harm", "sexual", "violence")
TOKEN_LIMITS = ("max_tokens", "max_completion_tokens")
FORMATS = {"refused": ["text"], "object_only": ["text", "json_object"]}
"""The supported types of `response_format`, for switches that do not allow all of them."""
OPENAI_WORDS = {
    "video": "Invalid value: 'video_url'. Supported values are: 'text', 'image_url', 'input_audio', 'refusal', "
    "'audio', and 'file'.",
    "sound": "Invalid content type. input_audio is only supported by certain models.",
}
OVERLOADED = (529, "", "Overloaded")


def check_parameters(body: JsonObject, profile: Profile) -> None:
    """Refuse parameters that this server or model does not support, or not with this value."""
    _check_format(body, profile)
    supported = profile.token_limit_name
    for name in TOKEN_LIMITS:
        if body.get(name) is not None and supported not in {"both", name}:
            raise _unsupported(name, f" Use '{supported}' instead.")
    temperature = body.get("temperature")
    if profile.fixed_temperature and temperature is not None and temperature != 1:
        message = (
            f"Unsupported value: 'temperature' does not support {temperature} with this model. "
            "Only the default (1) value is supported."
        )
        raise Refusal(400, "unsupported_value", message, "temperature")
    if profile.logprobs == "refused" and body.get("logprobs"):
        raise _unsupported("logprobs")


def check_content(chat: Chat, profile: Profile, fault: Fault) -> None:
    """Refuse what the model cannot see or hear, and prompts that the content filter blocks."""
    if chat.pictures and profile.images == "vllm":
        message = f"{chat.model} is not a multimodal model"
        raise ModelRefusal(400, "", message, parts={"type": "BadRequestError", "code": 400})
    if chat.pictures and profile.images == "ollama":
        raise Refusal(400, "", "this model is missing data required for image input")
    for number, clip in enumerate(chat.clips):
        server = profile.video if clip.kind == "video" else profile.sound
        if server == "vllm":
            name = "video" if clip.kind == "video" else "audio"
            message = f"At most 0 {name}(s) may be provided in one prompt."
            raise ModelRefusal(400, "", message, parts={"type": "BadRequestError", "code": 400})
        if server == "openai":
            raise Refusal(
                400, "invalid_value", OPENAI_WORDS[clip.kind], f"messages[1].content[{number + 1}].type"
            )
    words = "\n".join(chat.all_text).lower()
    if fault.do == "prompt_filter" or any(word.lower() in words for word in profile.filtered_words):
        result = {name: {"filtered": False, "severity": "safe"} for name in CATEGORIES}
        result["violence"] = {"filtered": True, "severity": "medium"}
        inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": result}
        parts = {"type": None, "param": "prompt", "status": 400, "innererror": inner}
        raise ModelRefusal(400, "content_filter", FILTERED, parts=parts)


def without_dropped(chat: Chat, profile: Profile) -> Chat:
    """The chat without the videos and sounds that a gateway drops in silence."""
    dropped = {"video"} if profile.video == "dropped" else set()
    dropped |= {"sound"} if profile.sound == "dropped" else set()
    kept = tuple(
        (role, part) for role, part in chat.parts if not isinstance(part, Clip) or part.kind not in dropped
    )
    return replace(chat, parts=kept)


def check_load(world: World, request: Request) -> None:
    """Refuse by chance, as an overloaded server does; the same request can succeed at the next attempt."""
    share = world.profile.p_529
    attempt = world.attempts.next(f"529/{request.digest}") if share else 0
    if happens(share, world.profile.seed, "529", request.digest, attempt):
        raise overloaded()


def overloaded() -> ModelRefusal:
    return ModelRefusal(*OVERLOADED, parts={"type": "overloaded_error"})


def _check_format(body: JsonObject, profile: Profile) -> None:
    response_format = body.get("response_format")
    kind = response_format.get("type") if isinstance(response_format, dict) else None
    allowed = FORMATS.get(profile.schemas)
    if allowed is not None and response_format is not None and kind not in allowed:
        message = f"Invalid parameter: 'response_format' of type '{kind}' is not supported with this model."
        raise Refusal(400, "", message, "response_format")


def _unsupported(name: str, advice: str = "") -> Refusal:
    message = f"Unsupported parameter: '{name}' is not supported with this model.{advice}"
    return Refusal(400, "unsupported_parameter", message, name)
