"""What synthetic videos say and show, and the answers about them, as long and as varied as a study's."""

import json
from functools import cache
from itertools import accumulate
from random import Random
from typing import Any

from sandbox.bulk import WORDS

_SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "lla",
    "ma",
    "ne",
    "ñi",
    "po",
    "que",
    "rra",
    "sa",
    "té",
    "vi",
    "xo",
    "cha",
    "tri",
    "blo",
    "án",
    "ción",
    "pue",
]
_VOCABULARY = 20_000
_MARKS = ("", "", "", "", "", "", ",", ".", "?", "…")
#: How likely a listener changes a word.
_MISHEARD = 0.12
_READER = {"name": "rapidocr 3.9.1", "sha256": "5" * 64}
_MODEL = {"repository": None, "revision": None, "sha256": "7" * 64}
#: The chunk of speech that the demo transcribes at once.
_CHUNK_S = 6.0


@cache
def _vocabulary() -> tuple[list[str], list[float]]:
    """Words of Spanish and many made-up ones, and how frequent they are: by Zipf's law."""
    draw = Random("vocabulary")
    made = ("".join(draw.choices(_SYLLABLES, k=draw.randint(2, 4))) for _ in range(_VOCABULARY))
    words = [*dict.fromkeys((*WORDS, *made))]
    return words, list(accumulate(1 / (place + 10) for place in range(len(words))))


def sentence(draw: Random, words: int) -> str:
    drawn, frequencies = _vocabulary()
    chosen = draw.choices(drawn, cum_weights=frequencies, k=words)
    return " ".join(_written(draw, word) for word in chosen)


def _written(draw: Random, word: str) -> str:
    return (word.capitalize() if draw.random() < 0.1 else word) + draw.choice(_MARKS)


def heard(draw: Random, text: str) -> str:
    """The same words as another recogniser writes them."""
    words = text.split()
    for place in range(len(words)):
        if draw.random() < _MISHEARD:
            words[place] = draw.choice((sentence(draw, 1), words[place].capitalize(), words[place] + ","))
    return " ".join(words)


def transcript(draw: Random, text: str) -> dict[str, Any]:
    """A recogniser's answer: the text in chunks of some 15 words, rarely a sound without speech."""
    words = text.split()
    segments: list[dict[str, Any]] = [
        {
            "start_s": round(_CHUNK_S * place, 3),
            "end_s": round(_CHUNK_S * (place + 1), 3),
            "speech_s": round(draw.uniform(3, _CHUNK_S), 3),
            "text": " " + " ".join(words[first : first + 15]),
            "language": "es",
            "language_probability": round(draw.uniform(0.5, 1), 2),
            "rival_probability": round(draw.uniform(0, 0.3), 2),
            "avg_logprob": round(draw.uniform(-1.1, -0.1), 2),
            "no_speech_prob": round(draw.uniform(0, 0.4), 2),
        }
        for place, first in enumerate(range(0, len(words), 15))
    ]
    is_heard = draw.random() < 0.9
    return {
        "model": _MODEL,
        "compute_type": "float32",
        "sound_s": round(_CHUNK_S * len(segments) + 1, 3),
        "speech_s": round(sum(segment["speech_s"] for segment in segments), 3) if is_heard else 0.0,
        "heard": "voice" if is_heard else "music",
        "language": "es" if is_heard else None,
        "segments": segments if is_heard else [],
        **({"align": None} if is_heard else {}),
    }


def screen(draw: Random, frames: list[int]) -> dict[str, Any]:
    """What OCR reads: a title in every frame, and up to four lines that change."""
    title = sentence(draw, 4)
    return {"reader": _READER, "frames": [_frame(draw, index, title) for index in frames]}


def _frame(draw: Random, index: int, title: str) -> dict[str, Any]:
    texts = [title, *(sentence(draw, draw.randint(1, 6)) for _ in range(draw.randrange(5)))]
    return {"frame_index": index, "lines": [_line(draw, place, text) for place, text in enumerate(texts)]}


def _line(draw: Random, place: int, text: str) -> dict[str, Any]:
    top, right = 40 + 60 * place, 20 + 12 * len(text)
    box = [[20, top], [right, top], [right, top + 40], [20, top + 40]]
    return {"text": text, "confidence": round(draw.uniform(0.4, 1), 2), "box": box}


def description(draw: Random, frames: list[int], seen: dict[str, Any]) -> dict[str, Any]:
    """A model's answer, whose on-screen text is nearly that of OCR."""
    shown = [
        {"frame": number, "text": heard(draw, line["text"])}
        for number, frame in enumerate(seen["frames"], 1)
        for line in frame["lines"]
    ]
    content = {"description": sentence(draw, 60), "on_screen_text": shown, "language": "es"}
    return {"frame_indices": frames, "replies": [{"status": 200, "text": json.dumps(_completion(content))}]}


def _completion(content: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": json.dumps(content, ensure_ascii=False), "refusal": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "sandbox-vision",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 900, "completion_tokens": 200, "total_tokens": 1100},
    }
