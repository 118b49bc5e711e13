"""`gettok plan` for the models: the price of the study, in words."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from decimal import Decimal

from gettok.errors import counted
from gettok.pipeline.paths import if_no_remote
from gettok.pipeline.pricing import Cost, PricedPart, PricedPlan, PricedStage
from gettok.pipeline.pricing.costs import Budget
from gettok.step import Json

_MAX_RANGES = 4
#: What the variants of a group are called, and how that is written.
_VARIANTS = ("prompt_injection", "prompt injection variants,")


def lines(plan: PricedPlan) -> Iterator[str]:
    """The price of each stage that asks a model, of all together, and whether the budget is enough."""
    if plan.ignored:
        yield f"the tables in data/ are not this study's, and are not used: {plan.ignored}"
    if plan.days.others:
        yield _days(plan)
    if plan.is_all_answered:
        answered = ", ".join(
            f"{_name(stage)} {_answered(stage)}" for stage in plan.stages if stage.known.videos
        )
        yield f"nothing to ask a model: {answered or 'there is no video to ask about'}"
    else:
        for stage in plan.stages:
            yield from _stage(stage, is_counted=plan.is_complete)
        yield _total(plan)
        yield from _advice(plan)
    yield from budget_lines(plan.budget, plan.total, is_complete=plan.is_complete)


def _days(plan: PricedPlan) -> str:
    """Which days the price is extrapolated for."""
    days = plan.days
    shown = [f"{start}" if start == end else f"{start} to {end}" for start, end in days.others[:_MAX_RANGES]]
    more = ", …" if len(days.others) > _MAX_RANGES else ""
    found = (
        f"{counted(days.collected, 'day')} of the study {'is' if days.collected == 1 else 'are'} collected"
    )
    rest = "extrapolated from what is found so far" if plan.is_complete else "not known, and not priced"
    return f"{found}; {counted(days.not_collected, 'day')} not yet ({', '.join(shown)}{more}), whose videos are {rest}"


def to_json(plan: PricedPlan) -> dict[str, Json]:
    """The same as plain JSON, with the sums of all stages; dollars are numbers."""
    whole = asdict(plan) | {name: asdict(getattr(plan, name)) for name in ("known", "estimated", "total")}
    return dict(json.loads(json.dumps(whole, default=_plain)))


def _plain(value: Decimal | date) -> float | str:
    return str(value) if isinstance(value, date) else float(value)


def in_words(cost: Cost) -> str:
    """A cost and its range."""
    return f"about ${cost.typical:.4f}, at least ${cost.low:.4f}, at most ${cost.most:.4f}"


def _name(stage: PricedStage) -> str:
    return stage.name.replace(*_VARIANTS)


def _noun(stage: PricedStage) -> str:
    return "variant" if stage.is_of_variants else "video"


def _answered(stage: PricedStage) -> str:
    return f"{stage.known.answered} of {counted(stage.known.videos, _noun(stage))} answered"


def _stage(stage: PricedStage, *, is_counted: bool) -> Iterator[str]:
    name, models = _name(stage), ", ".join(stage.models)
    if stage.known.videos or (is_counted and not stage.estimated.videos):
        yield f"{name}: {_answered(stage)}; {_calls(stage.known, models)}"
    if stage.estimated.videos:
        yield f"{name}, estimated: {_expected(stage)}; {_calls(stage.estimated, models)} ({_basis(stage)})"
    if not is_counted and not stage.is_of_variants:
        thousand = in_words(stage.each.times(1000))
        those = f"1,000 of which {stage.condition}" if stage.condition else "1,000 of them"
        yield f"{name}, not counted: the videos that are not found yet; {those} cost {thousand} ({_basis(stage)})"


def _expected(stage: PricedStage) -> str:
    count = stage.estimated.videos
    if stage.is_of_variants:
        new = "new " if stage.known.videos else ""
        return f"at most {counted(count, f'{new}variant')}, known once the videos are judged"
    if stage.condition:
        return f"at most {counted(count, 'video')}, as it is asked only where {stage.condition}"
    return f"about {counted(count, 'video')} whose inputs are not made yet"


def _calls(part: PricedPart, models: str) -> str:
    if not part.calls:
        return "nothing to ask"
    return f"{counted(part.calls, 'call')} to {models}, {in_words(part.cost)}"


def _basis(stage: PricedStage) -> str:
    return f"measured on {counted(stage.measured, 'call')}" if stage.measured else "by stated lengths"


def _total(plan: PricedPlan) -> str:
    known, estimated = plan.known.typical, plan.estimated.typical
    parts = f"${known:.4f} for calls that are known, ${estimated:.4f} estimated"
    whole = "models in all" if plan.is_complete else "models without what is not counted"
    return f"{whole}: {in_words(plan.total)} ({parts})"


def _advice(plan: PricedPlan) -> Iterator[str]:
    """What makes more of the calls known and costs no money."""
    if not plan.is_complete:
        yield "how many videos there are is not known: `gettok plan --probe` estimates it, and no model is asked"
    if plan.missing:
        yield (
            f"missing in data/, though made before: {', '.join(plan.missing)}; `dvc checkout` or `dvc pull` may bring "
            f"them back{if_no_remote()}; then the calls are known"
        )
        return
    makers = dict.fromkeys(maker for stage in plan.stages for maker in stage.makers)
    if makers:
        yield f"`dvc repro {' '.join(makers)}` makes the frames and texts, asks no model, and makes more calls known"


def budget_lines(budget: Budget, cost: Cost, *, is_complete: bool) -> Iterator[str]:
    """What is spent, and whether the rest of the budget is enough for what is priced."""
    unknown = f"; {counted(budget.unknown, 'call')} of unknown cost count in full" if budget.unknown else ""
    yield f"spent so far: ${budget.spent:.4f} in {counted(budget.calls, 'call')}{unknown}"
    if budget.limit is None or budget.left is None:
        if cost.most:
            yield "no budget is set: with llm.budget_usd, a run stops before it costs more"
        return
    verdict = "it may not be enough"
    if cost.most <= max(budget.left, Decimal(0)):
        verdict = "it is enough" if is_complete else "it is enough for what is priced here"
    left = f"of which ${budget.left:.4f} are left" if budget.left > 0 else "all of which is spent"
    yield f"budget: ${budget.limit:.4f}, {left}; {verdict}"
