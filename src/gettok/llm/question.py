"""What a model is asked: a question as a chat call, and the talk in which a malformed reply is asked for once more."""

import io
import json
from base64 import b64encode
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from gettok.errors import Unusable
from gettok.llm.pricing import Size, picture_tokens
from gettok.llm.response import Reply, mend
from gettok.media.images import Picture
from gettok.settings import Llm
from gettok.step import Answer, Json, digest_of

#: One alternative a token: a token's own is told beside them, and llama.cpp's server tells none where none is wanted.
LOGPROBS: Mapping[str, Json] = {"logprobs": True, "top_logprobs": 1}

#: On one line with the schema: a prompt's line that ends with a colon announces a text to be judged.
_FORM = "Answer with one JSON object and nothing else. This JSON schema says its form: "

#: A step's side of a conversation: it gives calls, gets their replies, and ends with an answer.
Conversation = Generator[Sequence["Call"], Sequence[Reply], Answer]


@dataclass(frozen=True)
class Question:
    """What a model gets: a rule to keep, text and pictures in their order, and the form that the answer must have."""

    rule: str
    parts: tuple[str | Picture, ...]
    form: str
    schema: Mapping[str, Json]


@dataclass(frozen=True)
class Call:
    """One chat completion to ask for.

    `vote` tells calls apart that are otherwise the same; `mended` are messages that follow on a malformed reply.
    `model` is asked in place of the settings' own; `logprobs`: the log-probabilities of the answer's tokens, too.
    """

    question: Question
    vote: int = 0
    mended: tuple[Json, ...] = ()
    model: str | None = None
    logprobs: bool = False

    def body(self, llm: Llm) -> dict[str, Json]:
        """The request as it is sent."""
        question = self.question
        parts = [_part(part, llm.image_detail) for part in question.parts]
        body: dict[str, Json] = {
            "model": self.asked(llm),
            "messages": [
                {"role": "system", "content": question.rule},
                {"role": "user", "content": [*parts, *self._form_in_words(llm)]},
                *self.mended,
            ],
            llm.max_tokens_param: llm.max_tokens,
            "seed": self.vote,
        }
        if llm.structured_output != "none":
            body["response_format"] = self._response_format(llm)
        if llm.temperature is not None:  # reasoning models refuse to be given one
            body["temperature"] = llm.temperature
        return {**body, **LOGPROBS} if self.logprobs else body

    def _response_format(self, llm: Llm) -> Json:
        if llm.structured_output == "object":
            return {"type": "json_object"}
        schema = {"name": self.question.form, "strict": True, "schema": dict(self.question.schema)}
        return {"type": "json_schema", "json_schema": schema}

    def _form_in_words(self, llm: Llm) -> list[Json]:
        """A model whose host takes no schema learns the form from the prompt."""
        if llm.structured_output == "strict":
            return []
        return [_part(_FORM + json.dumps(dict(self.question.schema)), llm.image_detail)]

    def asked(self, llm: Llm) -> str:
        """The name of the model that is asked."""
        return self.model or llm.model

    def size(self, llm: Llm) -> Size:
        """How much is sent, and how much may come back."""
        texts = [part for part in self.question.parts if isinstance(part, str)]
        said = [self.question.rule, *texts, *(message["content"] for message in self.mended)]
        schema = json.dumps(dict(self.question.schema))
        form = schema if llm.structured_output == "strict" else _FORM + schema
        sides = [
            Image.open(io.BytesIO(part.jpeg)).size
            for part in self.question.parts
            if isinstance(part, Picture)
        ]
        return Size(
            text_bytes=sum(len(text.encode("utf-8", "surrogatepass")) for text in [*said, form]),
            messages=2 + len(self.mended),
            picture_tokens=picture_tokens(sides, llm.image_detail, llm.image_tokens),
            most_tokens=llm.max_tokens,
        )

    def again(self, reply: Reply, problem: Unusable) -> "Call":
        """The same call, with the reply and the wish for one in the right form."""
        wrong = problem.detail[:200]
        wish = f"This is not in the form that was asked for ({wrong}). Answer again, with the JSON alone."
        said = {"role": "assistant", "content": mend(str(reply.message.get("content")))}
        return replace(self, mended=(said, {"role": "user", "content": wish}))


def digest(call: Call, llm: Llm) -> str:
    """Of all that the reply depends on: the host as the settings name it, and the request to the letter."""
    return digest_of({"base_url": llm.base_url, "body": call.body(llm)})


def replies_to(
    calls: Sequence[Call], accept: Callable[[Reply], object]
) -> Generator[Sequence[Call], Sequence[Reply], list[list[Reply]]]:
    """The reply to each call and, where `accept` finds it malformed, the reply to one request to mend it."""
    replies = [[reply] for reply in (yield calls)]
    wrong = [
        (given, call.again(given[0], problem))
        for call, given in zip(calls, replies, strict=True)
        if (problem := _malformed(given[0], accept)) is not None
    ]
    if wrong:
        mended = yield [call for _, call in wrong]
        for (given, _), reply in zip(wrong, mended, strict=True):
            given.append(reply)
    return replies


def _malformed(reply: Reply, accept: Callable[[Reply], object]) -> Unusable | None:
    try:
        accept(reply)
    except Unusable as problem:
        return problem if problem.reason == "malformed" else None
    return None


def _part(part: str | Picture, image_detail: str) -> Json:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    url = f"data:image/jpeg;base64,{b64encode(part.jpeg).decode()}"
    return {"type": "image_url", "image_url": {"url": url, "detail": image_detail}}
