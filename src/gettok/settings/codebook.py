"""The codebook: the variables that a model is asked about each video."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gettok.settings.fields import LabelText, Name, Positive, Section, Several, Text, Words, WrongSetting
from gettok.settings.nearest import did_you_mean
from gettok.tables.dataset import taken_names

#: `one_of`, `ordinal` and `yes_no` have one label, `any_of` a list of labels; `span` is words quoted from an input.
Kind = Literal["one_of", "any_of", "ordinal", "yes_no", "number", "text", "span"]
AnnotationInput = Literal[
    "transcript", "description", "on_screen_text", "caption", "frames", "video", "sound"
]

#: What a value of each kind is, for people.
KINDS_IN_WORDS: Mapping[Kind, str] = MappingProxyType(
    {
        "one_of": "one label",
        "ordinal": "one label of an order",
        "yes_no": "yes or no",
        "any_of": "all labels that hold",
        "number": "a number",
        "text": "a short text",
        "span": "quotations",
    }
)
#: The inputs in which a quotation can be looked for.
TEXT_INPUTS: tuple[AnnotationInput, ...] = ("transcript", "description", "on_screen_text", "caption")
#: The kinds whose value is one label of a list.
SINGLE_CHOICE: tuple[Kind, ...] = ("one_of", "ordinal", "yes_no")
#: The labels of the kind `yes_no`.
YES_NO = ("yes", "no")
#: What a group's answer has beside its variables, so that no variable can have this name.
MISSING = "missing"

#: Limits of OpenAI's structured outputs: characters of all labels together, and labels.
MAX_LABELS, MAX_LABEL_CHARACTERS = 250, 15_000
#: A typical answer about one variable, in tokens: a label and a few quoted words, in JSON.
TYPICAL_ANSWER_TOKENS = 50


def variable_name(value: str) -> str:
    """Of a variable or a group: hosts take no longer name for the form of an answer."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", value):
        raise ValueError(
            "is no name for a variable or a group: take up to 64 lower-case letters, digits and _, and a letter first"
        )
    return value


VariableName = Annotated[str, AfterValidator(variable_name)]


class Label(Section):
    """A label, and when it holds. `synonyms` are other words for it, such as in other languages, that count as it."""

    label: LabelText
    definition: Text | None = None
    examples: Words = ()
    synonyms: Words = ()


def _as_label(value: object) -> object:
    """A label alone; also one that YAML does not read as text, so that the error says to quote it."""
    return value if isinstance(value, Mapping | Label) else {"label": value}


def _as_labels(value: object) -> object:
    return tuple(map(_as_label, value)) if isinstance(value, list | tuple) else value


class Condition(Section):
    """Another variable, and the labels of it with which this one applies."""

    variable: VariableName
    has: Annotated[Several[LabelText], Field(min_length=1)]

    def is_met_by(self, value: object) -> bool:
        """By a label, or by several labels of which one is among these."""
        labels = value if isinstance(value, list | tuple) else (value,)
        return any(label in self.has for label in labels)


class Variable(Section):
    """A question about each video.

    Variables of one `group` are asked in one call; a variable without one is a group of its own, of its name. With
    `abstain`, the model may say that it cannot tell. `definition` says when a variable without labels holds.
    """

    question: Text
    kind: Kind
    labels: Annotated[tuple[Label, ...], BeforeValidator(_as_labels)] = ()
    definition: Text | None = None
    examples: Words = ()
    inputs: Annotated[Several[AnnotationInput], Field(min_length=1)]
    applies_if: Condition | None = None
    abstain: bool = False
    group: VariableName | None = None

    @model_validator(mode="after")
    def _has_the_inputs_and_labels_of_its_kind(self) -> Self:
        if self.kind == "span" and not set(self.inputs) & set(TEXT_INPUTS):
            raise WrongSetting(
                ["inputs"],
                "the kind span quotes words of a text, so that each quotation can be checked: add one of "
                f"{', '.join(TEXT_INPUTS)}, or take the kind text",
            )
        if problem := self._wrong_labels():
            raise WrongSetting(["labels"], problem)
        return self

    def _wrong_labels(self) -> str:
        if self.kind in ("one_of", "ordinal") and len(self.labels) < 2:
            return f"the kind {self.kind} needs two labels or more"
        if self.kind == "any_of" and not self.labels:
            return "the kind any_of needs a label or more"
        if self.kind == "yes_no" and {label.label for label in self.labels} - set(YES_NO):
            return "the kind yes_no has the labels yes and no, which may be defined, and no others"
        if self.kind in ("number", "text", "span") and self.labels:
            return f"the kind {self.kind} has no labels"
        synonyms = [word for label in self.labels for word in label.synonyms]
        words = [word.casefold() for word in (*self.label_names, *synonyms)]
        doubled = next((word for word in words if words.count(word) > 1), None)
        return (
            f"{doubled!r} is there twice, as a label or a synonym (capitals do not count)" if doubled else ""
        )

    @property
    def label_names(self) -> tuple[str, ...]:
        """The labels to choose from, in the order of the codebook; none for the kinds without labels."""
        return YES_NO if self.kind == "yes_no" else tuple(label.label for label in self.labels)

    @property
    def is_single_choice(self) -> bool:
        return self.kind in SINGLE_CHOICE

    @property
    def has_label_orders(self) -> bool:
        """Whether its labels can be shown in other orders."""
        return bool(self.label_names) and self.kind != "ordinal"

    def labels_in_order(self, label_order: int) -> list[Label]:
        """The labels as they are shown in the order of this number: each order begins with the next label.

        So every label comes in each place equally often, if the number of orders is a multiple of that of the labels.
        Labels of the kind `ordinal` keep their order.
        """
        defined = {label.label: label for label in self.labels}
        labels = [defined.get(name, Label(label=name)) for name in self.label_names]
        first = label_order % len(labels) if self.has_label_orders else 0
        return labels[first:] + labels[:first]


class Codebook(Section):
    """The variables by name; a condition is about a variable before its own.

    `frames` is how many frames a model is shown for the variables that have them among their inputs. `label_orders` is
    in how many orders labels are shown, one for each video, drawn by its id: with one, as they are written.
    """

    name: Name
    variables: Annotated[Mapping[VariableName, Variable], Field(min_length=1)]
    frames: Positive
    label_orders: Positive

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        _refuse_taken_names(self.variables)
        for name in self.variables:
            _refuse_condition_without_label(name, self.variables)
        for group, variables in self.groups.items():
            _refuse_name_of_another(group, variables)
            _refuse_unlike_inputs(group, variables)
            _refuse_unlike_conditions(group, variables)
            _refuse_too_many_labels(group, variables)
        return self

    @property
    def groups(self) -> dict[str, dict[str, Variable]]:
        """The variables of each group, in the order of the codebook, which is one in which they can be asked.

        The first variable of a group comes after the one that its condition is about; so does the group.
        """
        groups: dict[str, dict[str, Variable]] = {}
        for name, variable in self.variables.items():
            groups.setdefault(variable.group or name, {})[name] = variable
        return groups

    def group_of(self, variable: str) -> str:
        return self.variables[variable].group or variable


def _refuse_taken_names(variables: Mapping[str, Variable]) -> None:
    if MISSING in variables:
        raise WrongSetting(
            ["variables", MISSING], f"no variable can have the name {MISSING}, which each answer has itself"
        )
    for name, column in taken_names(variables):
        raise WrongSetting(
            ["variables", name],
            f"the dataset of a release has another column of the name {column}: take another name",
        )


def _refuse_condition_without_label(name: str, variables: Mapping[str, Variable]) -> None:
    if (condition := variables[name].applies_if) is None:
        return
    keys, about = ["variables", name, "applies_if"], condition.variable
    names = list(variables)
    if about not in variables:
        raise WrongSetting(keys, f"there is no variable {about}{did_you_mean(about, set(names) - {name})}")
    if about == name:
        raise WrongSetting(keys, f"{name} cannot be asked on a condition about itself")
    if names.index(about) > names.index(name):
        raise WrongSetting(
            keys,
            f"a condition is about a variable that comes before its own, so that none go in a circle: move {about} "
            f"before {name}, or ask {name} without this condition",
        )
    labels = variables[about].label_names
    if unknown := [label for label in condition.has if label not in labels]:
        has = ", ".join(labels) or f"none, as its kind is {variables[about].kind}"
        raise WrongSetting(
            [*keys, "has"],
            f"{about} has no label {unknown[0]!r}, but {has}{did_you_mean(unknown[0], labels)}",
        )


def _refuse_name_of_another(group: str, variables: Mapping[str, Variable]) -> None:
    """A variable without a group is asked alone, and others in a group of its name would join it unasked."""
    others = [name for name in variables if name != group]
    if others and group in variables and variables[group].group is None:
        raise WrongSetting(
            ["variables", others[0], "group"],
            f"{group} is a variable that is asked alone: give it the group {group}, too, or take another name",
        )


def _refuse_unlike_inputs(group: str, variables: Mapping[str, Variable]) -> None:
    (first, variable), *others = variables.items()
    for name, other in others:
        if set(other.inputs) != set(variable.inputs):
            raise WrongSetting(
                ["variables", name, "inputs"],
                f"{name} and {first} are asked in one call (group {group}), so both see what either sees: give them "
                "the same inputs, or other groups",
            )


def condition_of(variables: Mapping[str, Variable]) -> Condition | None:
    """The condition on which a group is asked: that of its first variable, which is about one of another group.

    It is the same for all, except for those whose conditions are about variables of the group itself.
    """
    return next(iter(variables.values())).applies_if


def _refuse_unlike_conditions(group: str, variables: Mapping[str, Variable]) -> None:
    for name, variable in variables.items():
        condition = variable.applies_if
        is_inner = condition is not None and condition.variable in variables
        if not is_inner and condition != condition_of(variables):
            raise WrongSetting(
                ["variables", name, "applies_if"],
                f"{name} and {next(iter(variables))} are asked in one call (group {group}), so they need the same "
                "applies_if, or one that is about another variable of the group: use more groups",
            )


def _refuse_too_many_labels(group: str, variables: Mapping[str, Variable]) -> None:
    labels = [label for variable in variables.values() for label in variable.label_names]
    characters = len("".join(labels))
    if len(labels) > MAX_LABELS or characters > MAX_LABEL_CHARACTERS:
        raise WrongSetting(
            ["variables", next(iter(variables))],
            f"the group {group} has {len(labels)} labels of {characters} characters together; hosts take {MAX_LABELS} "
            f"labels and {MAX_LABEL_CHARACTERS} characters in one answer: use fewer labels, or more groups",
        )
