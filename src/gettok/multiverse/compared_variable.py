"""What is compared of each video: the label of a closed variable, or whether it has one label of several."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from gettok.errors import BadInput
from gettok.settings import Codebook, Label, Variable


@dataclass(frozen=True)
class ComparedVariable:
    """A closed variable of the codebook, and the label whose share is followed.

    Of a variable that may have several labels (the kind `any_of`), it is whether a video has that one or not.
    """

    name: str
    variable: Variable
    #: With the study's target in its place.
    question: str
    label: str

    @property
    def has_or_not(self) -> bool:
        return self.variable.kind == "any_of"

    @cached_property
    def coded(self) -> Variable:
        """The variable itself; for several labels, one that says of a video whether it has the label."""
        if not self.has_or_not:
            return self.variable
        labels = (Label(label=self.label), Label(label=f"not {self.label}"))
        return self.variable.model_copy(update={"kind": "one_of", "labels": labels})

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that a video can get."""
        return self.coded.label_names

    def of_rows(self) -> pl.Expr:
        """The label in each row of `annotations`; null without a value."""
        if not self.has_or_not:
            return pl.col("label")
        has_it = pl.col("labels").list.contains(self.label)
        return pl.when(has_it).then(pl.lit(self.labels[0])).when(~has_it).then(pl.lit(self.labels[1]))

    def why_unlike(self, other: Variable | None) -> str | None:
        """Why the variable of this name in another codebook cannot be compared with this one; None if it can."""
        if other is None:
            return f"its codebook has no variable {self.name}"
        if set(other.label_names) != set(self.variable.label_names):
            labels = ", ".join(other.label_names) or f"none, as its kind is {other.kind}"
            return f"its variable {self.name} has other labels: {labels}"
        if other.is_single_choice != self.variable.is_single_choice:
            return f"its variable {self.name} is of the kind {other.kind}"
        return None


def compared_variable(
    codebook: Codebook, target: str, name: str | None, label: str | None
) -> ComparedVariable:
    """The named variable and label, or the codebook's first of one label and its first; raises `BadInput`."""
    closed = {key: variable for key, variable in codebook.variables.items() if variable.label_names}
    single = [key for key, variable in closed.items() if variable.is_single_choice]
    if name is None and not closed:
        raise BadInput(
            f"the codebook {codebook.name} has no variable with labels",
            "read nothing",
            "compose a codebook that has one; numbers, texts and quotations are not compared",
        )
    name = (single or list(closed))[0] if name is None else name
    if name not in closed:
        kind = f", but one of the kind {codebook.variables[name].kind}" if name in codebook.variables else ""
        raise BadInput(
            f"the codebook has no variable {name!r} with labels{kind}",
            "read nothing",
            f"choose one of {', '.join(closed) or 'another codebook'}",
        )
    variable = closed[name]
    if label is not None and label not in variable.label_names:
        raise BadInput(
            f"the variable {name} has no label {label!r}",
            "read nothing",
            f"choose one of {', '.join(variable.label_names)}",
        )
    question = variable.question.replace("{target}", target)
    return ComparedVariable(name, variable, question, label or variable.label_names[0])
