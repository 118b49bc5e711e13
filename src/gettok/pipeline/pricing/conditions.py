"""Which videos a group with a condition is asked about, as far as the answers that it depends on are stored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any, NamedTuple

from gettok.annotate.group import Group
from gettok.annotate.step import AnnotateStep
from gettok.engine import LocalEngine
from gettok.pipeline.annotating.annotations import Judged, for_each_variable
from gettok.pipeline.answering import Asking, Skipped
from gettok.settings import Codebook, Condition
from gettok.settings.codebook import condition_of
from gettok.step import Item
from gettok.store import Store

#: What each variable came to, by video. A video that is not there may still get a value.
JudgedByVariable = Mapping[str, Mapping[str, Judged]]
#: Of a video that a group is not asked about.
_NOT_ASKED = Judged(reason="not_applicable")


class Applying(NamedTuple):
    """The items that a group is asked about, and those of which it is not known yet whether they meet its condition."""

    surely: list[Item[Any]]
    perhaps: list[Item[Any]]


@dataclass(frozen=True)
class KnownLabels:
    """What is in stored answers, noted group by group in the order in which groups are asked."""

    codebook: Codebook
    _judged: dict[str, dict[str, Judged]] = field(default_factory=dict)

    def decide(self, group: Group) -> bool:
        """Whether another group's condition is about this one."""
        conditions = map(condition_of, self.codebook.groups.values())
        return any(condition and condition.variable in group.variables for condition in conditions)

    def applying(self, group: Group, entries: Iterable[Item[Any] | Skipped]) -> Applying:
        """The videos that do not meet the condition are left out, as are those without inputs."""
        found = Applying([], [])
        for entry in entries:
            is_met = self._is_met(group.condition, entry.video_id)
            if isinstance(entry, Item) and is_met is not False:
                (found.surely if is_met else found.perhaps).append(entry)
        return found

    def _is_met(self, condition: Condition | None, video_id: str) -> bool | None:
        """None if that is not known yet."""
        if condition is None:
            return True
        judged = self._judged.get(condition.variable, {}).get(video_id)
        return None if judged is None else judged.why_not_asked(condition) is None

    def note(
        self,
        group: Group,
        entries: Iterable[Item[Any] | Skipped],
        applying: Applying,
        judged: JudgedByVariable,
    ) -> None:
        """Note what judged videos came to; those that the group is not asked about have no value."""
        asked = {item.video_id for items in applying for item in items}
        others = {entry.video_id: _NOT_ASKED for entry in entries if entry.video_id not in asked}
        for name in group.variables:
            self._judged[name] = others | dict(judged.get(name, {}))


def judged_in(step: AnnotateStep, store: Store, items: Sequence[Item[Any]]) -> JudgedByVariable:
    """What is in the stored answers about these items, all of which are stored."""
    asking = Asking(step, store, LocalEngine(), Event())
    judged: dict[str, dict[str, Judged]] = {name: {} for name in step.group.variables}
    for item in items:
        for row in for_each_variable(step.group, asking.rows(item, {})):
            judged[row["variable"]][item.video_id] = Judged.of(row)
    return judged


def in_words(condition: Condition) -> str:
    """Such as `call_to_action is yes`."""
    return f"{condition.variable} is {' or '.join(condition.has)}"
