"""A group of the codebook's variables, which are asked in one call: its instructions, and the form of its answer."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from gettok.annotate.values import COLUMN_OF, Value, read_value
from gettok.errors import REASONS, Unusable
from gettok.http.json_guards import replace_surrogates
from gettok.llm.response import Reply, answer_object
from gettok.media.clip import CLIP_KINDS
from gettok.settings.codebook import MISSING, AnnotationInput, Condition, Kind, Variable, condition_of
from gettok.step import Json

if TYPE_CHECKING:
    from jinja2 import Template

_EVIDENCE = (
    "The words in the inputs that show it best, quoted exactly as they are written there and with nothing else,"
    " … between several; empty if there are none."
)
_MISSING = "What would be needed to judge and was not given; empty if nothing."
_PLACEHOLDERS = re.compile(r"\{(target|labels)\}")

#: How a question of each kind is to be answered; a list of labels follows where the kind has labels.
_HOW: Mapping[Kind, str] = MappingProxyType(
    {
        "one_of": "Answer with one of these labels:",
        "ordinal": "Answer with one of these labels, which go from the least to the most:",
        "yes_no": "Answer with one of these:",
        "any_of": "Answer with a list of all these labels that hold; with an empty list if none does:",
        "number": "Answer with a number.",
        "text": "Answer with a short text.",
        "span": "Answer with a list of quotations, each exactly as it is written in the texts; with an empty list if "
        "there are none.",
    }
)
#: The types of values in the form of an answer; those of labels have their list, too.
_TYPES: Mapping[Kind, str] = MappingProxyType({"any_of": "array", "span": "array", "number": "number"})


@dataclass(frozen=True)
class Judgement:
    """What a model answered to one question; the value is None if it says that it cannot tell.

    `missing` is what it would have needed, for all questions of the group.
    """

    value: Value | None
    evidence: str
    missing: str


#: One model's answer to one question, or why there is none.
Vote: TypeAlias = Judgement | Unusable


@dataclass(frozen=True)
class Group:
    """Variables that are asked together. `text` replaces the instructions that are made from the codebook.

    `{target}` in any of the codebook's words is replaced by the study's target, and `{labels}` in `text` by the labels
    of the group's only variable.
    """

    name: str
    variables: Mapping[str, Variable]
    target: str
    text: str | None = None

    @property
    def inputs(self) -> Sequence[AnnotationInput]:
        return next(iter(self.variables.values())).inputs

    @property
    def shown(self) -> str | None:
        """What of a video itself is given beside pictures; None if that is nothing."""
        clips = [f"the {name}" for name in CLIP_KINDS if name in self.inputs]
        return ", ".join(["the picture", *clips[:-1]]) + f" or {clips[-1]}" if clips else None

    @property
    def condition(self) -> Condition | None:
        """The condition, about a variable of another group, on which a video is asked about."""
        return condition_of(self.variables)

    @property
    def is_alone(self) -> bool:
        """Whether it has one variable, whose fields are then the answer's."""
        return len(self.variables) == 1

    @property
    def label_orders(self) -> int:
        """In how many orders its labels can be shown; 1 if the instructions show none, or only ordinal ones."""
        if self.text is not None and "{labels}" not in self.text:
            return 1
        return math.lcm(
            *(len(variable.label_names) for variable in self.variables.values() if variable.has_label_orders)
        )

    def instructions(self, label_order: int = 0) -> str:
        """What is asked, the same for all videos whose labels are in this order."""
        if self.text is not None:
            shown = [
                label.label
                for variable in self.variables.values()
                for label in variable.labels_in_order(label_order)
            ]
            return self._filled_in(self.text, ", ".join(f"'{label}'" for label in shown))
        rendered = _template().render(
            variables=self.variables,
            inputs=[_IN_WORDS[name] for name in self.inputs],
            labels={name: variable.labels_in_order(label_order) for name, variable in self.variables.items()},
            how=_HOW,
            shown=self.shown or "the pictures",
            has_evidence=any(variable.kind != "span" for variable in self.variables.values()),
        )
        return self._filled_in(rendered.strip(), "{labels}")

    def _filled_in(self, text: str, labels: str) -> str:
        given = {"labels": labels, "target": self.target}
        # in one pass, as the target itself may contain braces
        return _PLACEHOLDERS.sub(lambda match: given[match[1]], text)

    @cached_property
    def schema(self) -> dict[str, Json]:
        """The form of the answer: the fields of the only variable, or an object for each; and what was missing."""
        properties: dict[str, Json] = {}
        for name, variable in self.variables.items():
            fields = _fields(variable, can_be_null=variable.abstain or self._is_conditional(variable))
            properties |= fields if self.is_alone else {name: _object(fields)}
        return _object(properties | {MISSING: {"type": "string", "description": _MISSING}})

    def read(self, reply: Reply) -> dict[str, Vote]:
        """What is answered to each variable. Raises `Unusable` if the reply as a whole cannot be read."""
        answer = dict(answer_object(reply))
        missing = answer.pop(MISSING, None)
        if not isinstance(missing, str):
            raise Unusable("malformed", f"{MISSING}: must be a text")
        if not self.is_alone and (unknown := answer.keys() - self.variables.keys()):
            raise Unusable("malformed", f"{min(unknown)[:100]!r} is no variable of the group")
        missing = str(replace_surrogates(missing))
        readings = {
            name: self._reading(variable, answer if self.is_alone else answer.get(name), missing)
            for name, variable in self.variables.items()
        }
        for name, variable in self.variables.items():
            if self._is_conditional(variable):
                readings[name] = _on_condition(variable, readings[name], readings)
        return readings

    def _readings(self, reply: Reply) -> Iterator[tuple[str, Vote]]:
        """The same for each variable, also if the reply as a whole cannot be read."""
        try:
            yield from self.read(reply).items()
        except Unusable as problem:
            yield from dict.fromkeys(self.variables, problem).items()

    def votes(self, replies: Sequence[Reply]) -> dict[str, tuple[Vote, Reply]]:
        """What a reply and its repair say about each variable, and which of them says it.

        That is the later one, unless it has no value and the earlier one does: what was answered well is not lost
        because the repair of another variable failed.
        """
        votes: dict[str, tuple[Vote, Reply]] = {}
        for reply in replies:
            for name, vote in self._readings(reply):
                if name not in votes or _is_settled(vote) or not _is_settled(votes[name][0]):
                    votes[name] = vote, reply
        return votes

    def accept(self, reply: Reply) -> None:
        """Raise `Unusable` if one of the answers is malformed, so that the model is asked once more."""
        for name, reading in self.read(reply).items():
            if isinstance(reading, Unusable) and reading.reason == "malformed":
                raise Unusable("malformed", f"{name}: {reading.detail}")

    def _reading(self, variable: Variable, given: Json, missing: str) -> Vote:
        wanted = {COLUMN_OF[variable.kind], "evidence"} - ({"evidence"} if variable.kind == "span" else set())
        if not isinstance(given, dict) or given.keys() != wanted:
            return Unusable("malformed", f"must have the fields {', '.join(sorted(wanted))} and no others")
        evidence = given.get("evidence", "")
        if not isinstance(evidence, str):
            return Unusable("malformed", "evidence: must be a text")
        written = given[COLUMN_OF[variable.kind]]
        if written is None and self._is_conditional(variable):
            return Judgement(None, "", missing)
        try:
            return Judgement(read_value(variable, written), str(replace_surrogates(evidence)), missing)
        except Unusable as problem:
            return problem

    def _is_conditional(self, variable: Variable) -> bool:
        """Whether it is asked only on a condition that is about a variable of this group."""
        return variable.applies_if is not None and variable.applies_if.variable in self.variables


def _is_settled(vote: Vote) -> bool:
    return isinstance(vote, Judgement) or vote.reason == "not_applicable"


def why_not_asked(condition: Condition, value: object, reason: str | None) -> str | None:
    """The reason why a question does not apply, by the value of the variable that its condition is about.

    `reason` is why that variable has none. None if the question applies.
    """
    if reason not in (None, "not_applicable"):
        return "condition_unknown"
    return None if reason is None and condition.is_met_by(value) else "not_applicable"


def _on_condition(variable: Variable, given: Vote, readings: Mapping[str, Vote]) -> Vote:
    """What was answered to a conditional question, by what was answered to the one that its condition is about."""
    assert variable.applies_if is not None
    other = readings[variable.applies_if.variable]
    value, reason = (other.value, None) if isinstance(other, Judgement) else (None, other.reason)
    if why_not := why_not_asked(variable.applies_if, value, reason):
        return Unusable(why_not, REASONS[why_not])
    if isinstance(given, Judgement) and given.value is None and not variable.abstain:
        return Unusable("malformed", "null, though the question applies")
    return given


_IN_WORDS: Mapping[AnnotationInput, str] = MappingProxyType(
    {
        "transcript": "transcript of the speech",
        "description": "description by a model",
        "on_screen_text": "text on the screen",
        "caption": "caption",
        "frames": "frames",
        "video": "video",
        "sound": "sound",
    }
)


def _fields(variable: Variable, *, can_be_null: bool) -> dict[str, Json]:
    kind = _TYPES.get(variable.kind, "string")
    value: dict[str, Json] = {"type": [kind, "null"] if can_be_null else kind}
    names = list(variable.label_names)
    if variable.is_single_choice:
        value["enum"] = [*names, None] if can_be_null else names
    elif kind == "array":
        value["items"] = {"type": "string", "enum": names} if names else {"type": "string"}
    fields = {COLUMN_OF[variable.kind]: value}
    if variable.kind != "span":
        fields["evidence"] = {"type": "string", "description": _EVIDENCE}
    return fields


def _object(properties: Mapping[str, Json]) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - only models get instructions

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=False,  # noqa: S701 - a prompt is no page
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sentence"] = lambda text: text if text.endswith((".", "!", "?")) else f"{text}."
    environment.filters["quoted"] = lambda text: f'"{text}"'
    return environment.get_template("instructions.j2")
