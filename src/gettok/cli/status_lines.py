"""`gettok status` in words, the most important first."""

import json
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any

from gettok.cli.status_facts import LastRefresh, Status
from gettok.cli.status_settings import SettingsState
from gettok.cli.status_stages import PipelineStatus, StageStatus
from gettok.errors import counted
from gettok.pipeline.paths import CONF, NO_REMOTE, PARAMS
from gettok.pipeline.pricing import PricedPlan, PricedStage
from gettok.settings import Settings
from gettok.settings.differences import ABSENT

_LABEL_WIDTH = 13
_MAX_LISTED = 6
_LONGEST_VALUE = 36
_BEFORE = 12

#: A label, and its text; a line without label belongs to the one above.
_Line = tuple[str, str]


def lines(status: Status, width: int) -> Iterator[str]:
    """The status, wrapped to so many columns."""
    if status.settings.settings:
        yield from wrap(_title(status.settings.settings), width)
    for label, text in _facts(status):
        indent = f"  {label:<{_LABEL_WIDTH}}"
        hanging = len(indent) + (0 if label else 2)
        yield from wrap(text, width, initial_indent=indent, subsequent_indent=" " * hanging)


def _title(settings: Settings) -> str:
    study = settings.study
    return f"{study.title} (study {study.name}, {study.start} to {study.end})"


def _facts(status: Status) -> Iterator[_Line]:
    yield from _runs(status)
    yield from _settings(status.settings)
    yield from (("problem", problem) for problem in status.problems)
    if status.pipeline:
        yield from _pipeline(status.pipeline)
        yield from _price(status)
    yield from _store(status)
    yield from (_refresh(last) for last in status.refreshes)
    if status.not_committed:
        yield "experiments", _not_committed(status.not_committed)


def _runs(status: Status) -> Iterator[_Line]:
    runs = status.runs
    for run in (*runs.here, *runs.experiments):
        yield "under way", run.in_words()
    if runs.here:
        yield "", "until it ends, other DVC commands stop with an error, and nothing is compared here"
    if runs.broken_lock:
        yield "lock", f"{runs.broken_lock}. It blocks DVC: delete that file"


def _settings(state: SettingsState) -> Iterator[_Line]:
    if state.settings is None:
        yield "settings", f"not valid: a run stops until `gettok compose` writes {PARAMS} anew from {CONF}/"
        yield from _problems(state)
        return
    chosen = state.settings
    names = f"{chosen.source.name}, {chosen.asr.model}, {chosen.llm.model}"
    yield "settings", f"{names}: {_origin(state)}"
    yield from _problems(state)
    differing = [
        f"{key}: {_short(old, new)} in {PARAMS}, {_short(new, old)} in {CONF}/"
        for key, old, new in state.differences
    ]
    yield from (("", text) for text in _first(differing, "setting"))


def _problems(state: SettingsState) -> Iterator[_Line]:
    """A line for each; the first of several is a heading."""
    lines = [line.strip() for line in (state.problem or "").splitlines()]
    yield from (("", line) for line in lines[len(lines) > 1 :])


def _origin(state: SettingsState) -> str:
    if state.origin == "edited conf":
        now = "a run stops until `gettok compose` takes it"
        return f"{CONF}/ was edited after {PARAMS} was composed; {now}"
    back = f"`gettok compose` goes back to {CONF}/"
    if state.origin == "experiment":
        return f"those of the experiment {state.experiment}; {back}"
    if state.origin == "override":
        return f"an override of the last `gettok compose` or `dvc exp run`; {back}"
    return f"as {CONF}/ composes them" if state.origin else f"{CONF}/ does not compose"


def _pipeline(pipeline: PipelineStatus) -> Iterator[_Line]:
    runs, follows, missing = (pipeline.named(state) for state in ("runs", "follows", "missing"))
    count = len(pipeline.stages)
    again = "" if pipeline.is_cached else f"makes the missing outputs of {_names(missing, count)} again"
    parts = [
        f"runs {_names(runs, count)}" if runs else "",
        f"then {_names(follows, count)}, where what they read changes" if follows else "",
        again if missing else "",
    ]
    yield "dvc repro", "; ".join(part for part in parts if part) or "has nothing to run"
    yield from (("", text) for text in _reasons(runs))
    lacking = [path for stage in (*follows, *missing) for path in stage.missing]
    if lacking:
        yield "data", f"{counted(len(lacking), 'output')} missing in data/: {_how_to_get(pipeline)}"
    else:
        yield (
            "data",
            "no output is missing" if not pipeline.missing else "the stages that run make what is missing",
        )


def _price(status: Status) -> Iterator[_Line]:
    settings, price = status.settings.settings, status.price
    if settings is None:
        return
    if status.is_too_large_to_price:
        yield "to pay", f"`gettok plan` prices the {status.videos:,} videos, which may take minutes"
    elif settings.llm.prices is None:
        yield "to pay", f"no price is set for {settings.llm.model} (llm.prices), so no model is asked"
    elif price:
        yield "to pay", _total(price)
        if price.ignored:
            yield "", f"the tables in data/ are not this study's: {price.ignored}"
        yield from (("", _asked(stage)) for stage in price.stages)


def _total(price: PricedPlan) -> str:
    whole = "" if price.is_complete else "; more videos are to be found (`gettok plan` says more)"
    left = "" if price.budget.left is None else f"; ${price.budget.left:.2f} of the budget are left"
    if price.total.most == 0:
        return f"nothing for what is known{left}{whole}" if whole else f"nothing{left}"
    return f"about ${price.total.typical:.2f}, at most ${price.total.most:.2f}{left}{whole}"


def _asked(stage: PricedStage) -> str:
    """How many videos of a stage are answered, and how many would be asked about."""
    noun = "variant" if stage.is_of_variants else "video"
    some = "at most" if stage.is_of_variants or stage.condition else "about"
    known, estimated = stage.known, stage.estimated
    about = f"{known.answered} of {counted(known.videos, noun)} answered" if known.videos else ""
    expected = f"{some} {counted(estimated.videos, noun)} more" if estimated.videos else ""
    calls = known.calls + estimated.calls
    parts = (about, expected, f"{counted(calls, 'call')} to ask" if calls else "")
    return f"{stage.name}: {', '.join(part for part in parts if part) or 'nothing is known yet'}"


def _reasons(stages: Sequence[StageStatus]) -> list[str]:
    """Each reason once, with the stages that it makes run; if there are many, a line for each stage."""
    reasons: dict[str, list[str]] = {}
    for stage in stages:
        for key, old, new in stage.settings:
            reasons.setdefault(f"{key} was {_short(old, new)}, is {_short(new, old)}", []).append(stage.name)
        for reason in stage.because:
            reasons.setdefault(reason, []).append(stage.name)
    if len(reasons) > _MAX_LISTED:
        return [f"{stage.name}: {_reasons_of(stage)}" for stage in stages]
    return [f"{', '.join(names)}: {reason}" for reason, names in reasons.items()]


def _reasons_of(stage: StageStatus) -> str:
    count = len(stage.settings)
    named = f"{stage.settings[0].key} changed" if count == 1 else f"{counted(count, 'setting')} changed"
    return "; ".join([*([named] if count else []), *stage.because])


def _names(stages: Sequence[StageStatus], of: int) -> str:
    return "every stage" if len(stages) == of else ", ".join(stage.name for stage in stages)


def _how_to_get(pipeline: PipelineStatus) -> str:
    if pipeline.is_cached:
        return "`dvc checkout` brings them back from DVC's cache"
    if pipeline.has_remote:
        return "`dvc pull` fetches them, if they were pushed; then `gettok store refill`"
    return f"`dvc repro` makes them again; {NO_REMOTE}"


def _store(status: Status) -> Iterator[_Line]:
    if status.to_refill:
        parts = ", ".join(f"{step} {count}" for step, count in status.to_refill.items())
        total = counted(sum(status.to_refill.values()), "answer")
        yield (
            "answer store",
            f"lacks {total} of the tables ({parts}): `gettok store refill`, or they are paid for again",
        )


def _refresh(last: LastRefresh) -> _Line:
    label = "refresh" if last.subject == "video" else f"  of {last.subject}s"
    when = f"{last.round}, {counted(last.age_days or 0, 'day')} ago" if last.round else "there was none yet"
    if last.is_overdue:
        return label, f"{when}; `gettok refresh` is overdue by your terms, and no release is made before"
    return label, when + ("; `gettok refresh` is due" if last.is_due else "")


def _not_committed(names: Sequence[str]) -> str:
    shown = ", ".join(ascii(name)[1:-1] if not name.isprintable() else name for name in names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (
        f"with --queue or --temp would not see {shown}{more}, which git does not have: commit what you need"
    )


def _first(texts: Sequence[str], noun: str) -> Iterator[str]:
    """The first few, and how many there are more."""
    yield from texts[:_MAX_LISTED]
    if len(texts) > _MAX_LISTED:
        yield f"… and {counted(len(texts) - _MAX_LISTED, f'more {noun}')}"


def _short(value: Any, other: Any) -> str:
    """A value on one line; of a long one the part where it begins to differ from another."""
    text = _in_one_line(value)
    if len(text) <= _LONGEST_VALUE:
        return text
    pairs = enumerate(zip(text, _in_one_line(other), strict=False))
    start = max(0, next((place for place, (ours, theirs) in pairs if ours != theirs), 0) - _BEFORE)
    part = text[start : start + _LONGEST_VALUE]
    return f"{'…' if start else ''}{part}{'…' if start + len(part) < len(text) else ''}"


def _in_one_line(value: Any) -> str:
    return "absent" if value == ABSENT else json.dumps(value, ensure_ascii=False, default=str)
