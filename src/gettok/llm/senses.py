"""Whether a host takes pictures, videos and sounds: a small question about one of each, and the same without it.

A host may refuse a part. Some gateways drop it in silence, and the model answers without it: then the host counts no
more tokens than without it.
"""

import io
import tempfile
from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gettok.errors import BadSettings, Unusable
from gettok.http.json_guards import to_mapping
from gettok.llm.answer_text import answer_text, find_object, parse_object
from gettok.llm.client import ChatClient
from gettok.llm.question import ModelCall, Part, Question
from gettok.media.clip import CLIP_KINDS, Clip, ClipKind
from gettok.media.images import Picture
from gettok.settings import Llm, Sense

if TYPE_CHECKING:
    from PIL import Image

WORD, BEEPS = "LIMA", 3
_TEXT = "Which word is shown, and how many beeps are heard?"
_SCHEMA = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "description": "The word that is shown; empty if there is none."},
        "beeps": {"type": "integer", "description": "How many beeps are heard; 0 if there are none."},
    },
    "required": ["text", "beeps"],
    "additionalProperties": False,
}
_FPS, _PICTURES = Fraction(2), 4
_BEEP_S, _PAUSE_S, _HZ = 0.25, 0.35, 880
_SHOWN: Mapping[Sense, str] = {
    "frames": f"a picture of the word {WORD}",
    "video": f"a video of the word {WORD}",
    "sound": f"a sound of {BEEPS} beeps",
}


class CheckResult(NamedTuple):
    """Whether something works, None if that cannot be told; and why not, or why it cannot be told."""

    can: bool | None
    detail: str


def question(sense: Sense | None) -> Question:
    """The question about what is given; with None, nothing is."""
    given: tuple[Part, ...] = () if sense is None else (_part(sense),)
    return Question("Answer in JSON.", (_TEXT, *given), "senses", _SCHEMA)


def check(sense: Sense, reply: Mapping[str, Any], without: Mapping[str, Any] | None) -> CheckResult:
    """By the answers to both questions; without a count of tokens, by the answer alone."""
    sent, plain = _prompt_tokens(reply), _prompt_tokens(without or {})
    if sent is not None and plain is not None and sent <= plain:
        return CheckResult(False, f"dropped in silence: it counts {sent} tokens, and {plain} without it")
    text = answer_text(reply["choices"][0]["message"]) or ""
    if _is_right(sense, text):
        return CheckResult(True, "")
    is_taken = sent is not None and plain is not None
    return CheckResult(None if is_taken else False, f"it wrote {text[:80]!r} about {_SHOWN[sense]}")


def refuse_untaken(client: ChatClient, llm: Llm, models: Iterable[str], wanted: Collection[str]) -> None:
    """Raise `BadSettings`, before anything is asked about a video, if a model does not take a wanted video or sound.

    The replies are stored like others, so that this is paid for once. A host that does not take it is asked again.
    """
    for model in models:
        for kind in CLIP_KINDS:
            if kind in wanted and _found(client, model, kind, anew=False).can is False:
                found = _found(client, model, kind, anew=True)
                if found.can is False:
                    raise _untaken(llm, model, kind, found)


def _found(client: ChatClient, model: str, kind: ClipKind, *, anew: bool) -> CheckResult:
    without = client.reply(ModelCall(question(None), model=model), anew=anew)
    try:
        reply = client.reply(ModelCall(question(kind), model=model), anew=anew)
    except BadSettings as refused:
        return CheckResult(False, refused.what)
    except Unusable as failed:
        return CheckResult(False, failed.detail)
    if reply.status != 200:
        return CheckResult(False, " ".join(f"{reply.status}: {reply.text}".split())[:300])
    return check(kind, reply.body, without.body if without.status == 200 else None)


def _untaken(llm: Llm, model: str, kind: ClipKind, found: CheckResult) -> BadSettings:
    return BadSettings(
        f"{model} at {llm.base_url} does not take the {kind} that llm.sees names: {found.detail}",
        f"asked small questions about {_SHOWN[kind]}; nothing was asked about any video of the study",
        f"{NOT_TAKEN[kind]}; `gettok doctor` tries it out",
    )


#: What to do about a host that does not take it.
NOT_TAKEN: Mapping[Sense, str] = {
    "frames": "choose a model that sees pictures, or leave frames out of llm.sees",
    "video": "leave video out of llm.sees and of the codebook's inputs, or choose a model and a host that take "
    "`video_url`",
    "sound": "leave sound out of llm.sees and of the codebook's inputs, or choose a model and a host that take "
    "`input_audio`",
}


def _prompt_tokens(reply: Mapping[str, Any]) -> int | None:
    count = to_mapping(reply.get("usage")).get("prompt_tokens")
    return count if type(count) is int else None


def _is_right(sense: Sense, text: str) -> bool:
    try:
        answer = parse_object(find_object(text))
    except (ValueError, RecursionError):
        return False
    if sense == "sound":
        return str(answer.get("beeps")) == str(BEEPS)
    return WORD in str(answer.get("text")).upper()


def _part(sense: Sense) -> Part:
    if sense == "frames":
        return Picture(0, None, _jpeg())
    if sense == "video":
        return Clip("video", {"kind": "video", "made": f"{WORD} 1"}, _PICTURES, 0.0, _mp4)
    seconds = _PAUSE_S + BEEPS * (_BEEP_S + _PAUSE_S)
    return Clip("sound", {"kind": "sound", "made": f"{BEEPS} beeps 1"}, 0, seconds, _beeps)


def _image() -> "Image.Image":
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - 30 MiB with the decoders, where only frames are sent

    image = Image.new("RGB", (512, 256), "white")
    ImageDraw.Draw(image).text((120, 70), WORD, fill="black", font=ImageFont.load_default(96))
    return image


def _jpeg() -> bytes:
    buffer = io.BytesIO()
    _image().save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _mp4() -> bytes:
    from gettok.media.clip_encoding import write_mp4  # noqa: PLC0415 - as in `_image`

    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        write_mp4(Path(file.name), repeat(_image(), _PICTURES), _FPS, None)
        return Path(file.name).read_bytes()


def _beeps() -> bytes:
    import numpy as np  # noqa: PLC0415 - as in `_image`

    from gettok.media.clip_files import wav  # noqa: PLC0415 - as in `_image`
    from gettok.media.recording import RATE_HZ, Recording  # noqa: PLC0415 - as in `_image`

    beep = 0.5 * np.sin(2 * np.pi * _HZ * np.arange(int(_BEEP_S * RATE_HZ)) / RATE_HZ)
    pause = np.zeros(int(_PAUSE_S * RATE_HZ))
    parts = [pause, *(part for _ in range(BEEPS) for part in (beep, pause))]
    return wav(Recording.of(np.concatenate(parts).astype(np.float32)))
