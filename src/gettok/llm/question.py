"""What a model is asked: a question as a chat call, and the conversation that asks for a malformed reply once more."""

import json
from base64 import b64encode
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from gettok.errors import Unusable
from gettok.http.json_guards import replace_surrogates
from gettok.llm.answer_text import content_text
from gettok.llm.call_log import AskedFor
from gettok.llm.pricing import TYPICAL_ANSWER, CallSize, clip_tokens, image_tokens
from gettok.llm.response import Reply
from gettok.media.clip import Clip, ClipKind
from gettok.media.images import Picture
from gettok.settings import Llm
from gettok.step import Answer, Json, digest_of

#: One alternative for each token: llama.cpp's server returns no log-probabilities if none is asked for.
LOGPROBS: Mapping[str, Json] = {"logprobs": True, "top_logprobs": 1}

#: On one line with the schema, as a line that ends with a colon announces a text to be judged.
_SCHEMA_IN_WORDS = "Answer with one JSON object and nothing else. This JSON schema says its form: "

#: A text, an image, or a video or sound whose bytes are made when it is sent.
Part: TypeAlias = str | Picture | Clip

#: A step's side of a conversation: it yields calls, receives their replies, and returns the answer.
Conversation = Generator[Sequence["ModelCall"], Sequence[Reply], Answer]


@dataclass(frozen=True)
class Question:
    """What a model gets: the system message, the parts in order, and the name and schema of the answer."""

    rule: str
    parts: tuple[Part, ...]
    schema_name: str
    schema: Mapping[str, Json]
    #: How long an answer typically is, for plans.
    typical_answer_tokens: int = TYPICAL_ANSWER


@dataclass(frozen=True)
class ModelCall:
    """One chat completion to request.

    `vote` distinguishes calls that are otherwise equal. `repair` holds the messages that follow a malformed reply.
    `model` replaces the model of the settings. `logprobs` asks for the log-probabilities of the answer's tokens.
    """

    question: Question
    vote: int = 0
    repair: tuple[Json, ...] = ()
    model: str | None = None
    logprobs: bool = False

    def body(self, llm: Llm) -> dict[str, Json]:
        """The request as it is sent. Raises as `Clip.data`, if it has clips."""
        return self._body(llm, _content_part)

    def identity(self, llm: Llm) -> dict[str, Json]:
        """The same, with the identity of each clip in place of its bytes: nothing is encoded."""
        return self._body(llm, _identity_part)

    def _body(self, llm: Llm, content: Callable[[Part, str], Json]) -> dict[str, Json]:
        question = self.question
        parts = [content(part, llm.image_detail) for part in question.parts]
        body: dict[str, Json] = {
            "model": self.model_name(llm),
            "messages": [
                {"role": "system", "content": question.rule},
                {"role": "user", "content": [*parts, *self._schema_in_words(llm)]},
                *self.repair,
            ],
            llm.max_tokens_param: llm.max_tokens,
            "seed": self.vote,
        }
        if llm.structured_output != "none":
            body["response_format"] = self._response_format(llm)
        if llm.temperature is not None:  # reasoning models reject a temperature
            body["temperature"] = llm.temperature
        return {**body, **LOGPROBS} if self.logprobs else body

    def _response_format(self, llm: Llm) -> Json:
        if llm.structured_output == "object":
            return {"type": "json_object"}
        schema = {"name": self.question.schema_name, "strict": True, "schema": dict(self.question.schema)}
        return {"type": "json_schema", "json_schema": schema}

    def _schema_in_words(self, llm: Llm) -> list[Json]:
        """If the host takes no schema, the expected format is described at the end of the prompt."""
        if llm.structured_output == "strict":
            return []
        return [_content_part(_SCHEMA_IN_WORDS + json.dumps(dict(self.question.schema)), llm.image_detail)]

    def model_name(self, llm: Llm) -> str:
        """The model that is asked."""
        return self.model or llm.model

    def size(self, llm: Llm) -> CallSize:
        """How much is sent, and how much may come back."""
        prompts = [part for part in self.question.parts if isinstance(part, str)]
        texts = [self.question.rule, *prompts, *(message["content"] for message in self.repair)]
        schema = json.dumps(dict(self.question.schema))
        texts.append(schema if llm.structured_output == "strict" else _SCHEMA_IN_WORDS + schema)
        sizes = [part.size for part in self.question.parts if isinstance(part, Picture)]
        clips = [part for part in self.question.parts if isinstance(part, Clip)]
        return CallSize(
            text_bytes=sum(len(text.encode("utf-8", "surrogatepass")) for text in texts),
            messages=2 + len(self.repair),
            image_tokens=image_tokens(sizes, llm.image_detail, llm.image_tokens)
            + clip_tokens(clips, llm.clip),
            max_output_tokens=llm.max_tokens,
        )

    def asked_for(self, llm: Llm) -> AskedFor:
        """What the call is about, for the log."""
        return AskedFor(self.question.schema_name, self.size(llm).typical_input_tokens)

    def repair_of(self, reply: Reply, problem: Unusable) -> "ModelCall":
        """The same call, followed by the malformed reply and the request for a well-formed one."""
        wrong = problem.detail[:200]
        request = f"This is not in the form that was asked for ({wrong}). Answer again, with the JSON alone."
        content = replace_surrogates(content_text(reply.message) or "")
        messages = ({"role": "assistant", "content": content}, {"role": "user", "content": request})
        return replace(self, repair=messages)


def request_digest(call: ModelCall, llm: Llm) -> str:
    """The digest of everything that the reply depends on: the host as the settings name it, and the exact request.

    A clip counts by its identity.
    """
    return digest_of({"base_url": llm.base_url, "body": call.identity(llm)})


def replies_to(
    calls: Sequence[ModelCall], accept: Callable[[Reply], object]
) -> Generator[Sequence[ModelCall], Sequence[Reply], list[list[Reply]]]:
    """The reply to each call, followed by the reply to one repair request if `accept` finds the first malformed."""
    replies = [[reply] for reply in (yield calls)]
    malformed = [
        (given, call.repair_of(given[0], problem))
        for call, given in zip(calls, replies, strict=True)
        if (problem := _malformed(given[0], accept)) is not None
    ]
    if malformed:
        repaired = yield [call for _, call in malformed]
        for (given, _), reply in zip(malformed, repaired, strict=True):
            given.append(reply)
    return replies


def _malformed(reply: Reply, accept: Callable[[Reply], object]) -> Unusable | None:
    try:
        accept(reply)
    except Unusable as problem:
        return problem if problem.reason == "malformed" else None
    return None


def _content_part(part: Part, image_detail: str) -> Json:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if isinstance(part, Clip):
        return _clip_part(part.kind, b64encode(part.data).decode())
    url = f"data:image/jpeg;base64,{b64encode(part.jpeg).decode()}"
    return {"type": "image_url", "image_url": {"url": url, "detail": image_detail}}


def _clip_part(kind: ClipKind, data: str) -> Json:
    """As vLLM takes a video, and OpenAI a sound."""
    if kind == "video":
        return {"type": "video_url", "video_url": {"url": f"data:video/mp4;base64,{data}"}}
    return {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}


def _identity_part(part: Part, image_detail: str) -> Json:
    return dict(part.identity) if isinstance(part, Clip) else _content_part(part, image_detail)
