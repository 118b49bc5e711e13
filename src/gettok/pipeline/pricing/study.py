"""The price of a study: its stages that ask a model, by its tables as far as they go, else by what is expected.

A table counts only so far as it is of the current settings: frames and transcripts by what `dvc.lock` records,
descriptions by their answers' keys. The videos that it lacks are estimated.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from threading import Event
from typing import Any

from gettok.annotate.human_labels.reading import HumanLabel
from gettok.annotate.prompt_injection.attack_types import ATTACK_TYPES
from gettok.annotate.step import AnnotateStep
from gettok.engine import LocalEngine
from gettok.llm import CallLog
from gettok.pipeline.annotating import annotations, descriptions
from gettok.pipeline.annotating.cascade import cascade_labels, decide, large_step
from gettok.pipeline.annotating.prompt_injection import SecondJudge, VariantItem, by_judge, variant_items
from gettok.pipeline.annotating.video_inputs import VideoInputs, tables_for
from gettok.pipeline.answering import Asking, Skipped, scope_of
from gettok.pipeline.outputs import is_made, is_recorded, output
from gettok.pipeline.pricing.calls import CallPricer, ModelStep
from gettok.pipeline.pricing.conditions import (
    Applying,
    JudgedByVariable,
    KnownLabels,
    in_words,
    judged_in,
)
from gettok.pipeline.pricing.costs import ZERO, Budget, Cost, PricedPart, PricedPlan, PricedStage
from gettok.pipeline.pricing.study_videos import StudyVideos, study_videos
from gettok.pipeline.recorded_settings import is_current
from gettok.settings import Settings
from gettok.settings.secrets import Secret
from gettok.step import Item
from gettok.store import Store
from gettok.tables import DESCRIPTIONS, TABLES

_NO_KEY = Secret("not used, as nothing is asked")
#: The stages whose settings decide what is in a table.
_MADE_BY = {
    "media.parquet": ("download",),
    "frames": ("download", "extract_frames"),
    "transcripts": ("download", "transcribe"),
}
#: Every table of which plans say that it is missing, with the stages whose settings decide what is in it.
_TABLES = {
    "videos": ("collect", "tabulate"),
    "frames": _MADE_BY["frames"],
    "transcripts": _MADE_BY["transcripts"],
    "descriptions": ("describe",),
}
#: The stages, free of charge, that make the inputs of the models known.
_FREE = {"media.parquet": "download", "frames": "extract_frames", "transcripts": "transcribe"}


def price(settings: Settings, store: Store) -> PricedPlan | None:
    """What the models would cost now; `None` if no price is set, as nothing will be asked then. Nothing is asked."""
    llm = settings.llm
    if llm.prices is None:
        return None
    videos = study_videos(settings, store)
    with CallLog(store.root, llm.budget_usd, llm.base_url, to_read=True) as call_log:
        pricer = CallPricer(settings, store, call_log)
        known, labels = KnownLabels(settings.codebook), cascade_labels(settings) if videos.ids else []
        stages = tuple(_Pricing(settings, videos, pricer, known, labels).stages())
        by_model = call_log.by_model()
        budget = Budget(
            call_log.spent_usd(),
            sum(model.calls for model in by_model),
            sum(model.unknown for model in by_model),
            None if llm.budget_usd is None else Decimal(str(llm.budget_usd)),
        )
    count = None if videos.more is None else len(videos.ids) + videos.more
    return PricedPlan(stages, count, videos.ignored, budget, _missing(), videos.days)


def _missing() -> tuple[str, ...]:
    """The tables that DVC made with the current settings, and that are not in `data/`."""
    return tuple(
        f"data/{table}"
        for table, stages in _TABLES.items()
        if is_recorded(table) and not is_made(table) and all(map(is_current, stages))
    )


@dataclass(frozen=True)
class _Pricing:
    """One study being priced."""

    settings: Settings
    videos: StudyVideos
    pricer: CallPricer
    labels: KnownLabels
    human_labels: Sequence[HumanLabel]
    inputs: VideoInputs = field(default_factory=VideoInputs)

    def stages(self) -> Iterator[PricedStage]:
        describe = descriptions.step_of(
            self.settings, self.settings.llm.base_url, _NO_KEY, self.pricer.store.root
        )
        seen = tables_for(self.settings.llm.sees)
        shown = self._all_covered(seen)
        items = _asked(self.inputs.to_describe(self.settings.llm, shown) if shown else ())
        yield self._stage(describe, shown, items, seen)
        described = shown & self._described(describe, items)
        for step in annotations.steps_of(
            self.settings, self.settings.llm.base_url, _NO_KEY, self.pricer.store.root
        ):
            needed = tables_for(step.group.inputs)
            known = self._all_covered(needed)
            if "descriptions" in needed:
                known &= described
            yield from self._group(step, known, needed)

    def _group(self, step: AnnotateStep, known: frozenset[str], needed: set[str]) -> Iterator[PricedStage]:
        """A group of the codebook, and its prompt injection variants.

        Videos of which it is not known yet whether they meet the group's condition are estimated, as if they did.
        """
        entries = list(self.inputs.to_annotate(step, known)) if known else []
        applying = self.labels.applying(step.group, entries)
        answered = self.pricer.answered(step, applying.surely)
        second = self._second(step, answered)
        judged: JudgedByVariable = {}
        if self.labels.decide(step.group) or self.settings.prompt_injection:
            judged = self._judged(step, answered, second)
        self.labels.note(step.group, entries, applying, judged)
        priced = self._stage(step, known, applying.surely, needed)
        is_known = not applying.perhaps and self._is_whole(known)
        if (condition := step.group.condition) and not is_known:
            possible = self.pricer.exact(step, applying.perhaps)
            priced = replace(
                priced, estimated=_bound(priced.estimated + possible), condition=in_words(condition)
            )
        yield priced
        if second:
            yield self._asked_again(second, known, applying, answered, needed)
        yield from self._variants(step, second, known, applying, judged)

    def _second(self, step: AnnotateStep, answered: Sequence[Item[Any]]) -> SecondJudge | None:
        """A cascade's large model, and those of the answered videos that it is asked about."""
        large = large_step(step)
        if large is None:
            return None
        small = Asking(step, self.pricer.store, LocalEngine(), Event())
        return SecondJudge(large, decide(small, step, answered, self.human_labels, {}).unsure)

    def _judged(
        self, step: AnnotateStep, answered: Sequence[Item[Any]], second: SecondJudge | None
    ) -> JudgedByVariable:
        """What the answered videos came to, those of a large model by its own answers, as far as there are any."""
        if second is None:
            return judged_in(step, self.pricer.store, answered)
        kept = [item for item in answered if item.video_id not in second.videos]
        again = [item for item in answered if item.video_id in second.videos]
        by_small = judged_in(step, self.pricer.store, kept)
        by_large = judged_in(second.step, self.pricer.store, self.pricer.answered(second.step, again))
        return {name: dict(of) | dict(by_large[name]) for name, of in by_small.items()}

    def _asked_again(
        self,
        second: SecondJudge,
        known: frozenset[str],
        applying: Applying,
        answered: Sequence[Item[Any]],
        needed: set[str],
    ) -> PricedStage:
        """What a cascade's large model costs: its calls are known once the small one has answered about all videos.

        Until then it may be asked about each; typically it is about as large a share as of those that are answered.
        """
        is_known = self._is_whole(known) and len(answered) == len(applying.surely) and not applying.perhaps
        again = [item for item in answered if item.video_id in second.videos]
        priced = self._stage(second.step, known, again if is_known else [], needed)
        priced = replace(priced, group=f"{priced.group}, asked again")
        if is_known:
            return priced
        possible = priced.estimated + self.pricer.exact(second.step, [*applying.surely, *applying.perhaps])
        share = Decimal(len(again)) / len(answered) if answered else Decimal(1)
        bound = Cost(ZERO, possible.cost.typical * share, possible.cost.most)
        condition = f"{self.settings.llm.model} is not sure enough"
        return replace(priced, estimated=replace(possible, cost=bound), condition=condition)

    def _all_covered(self, tables: set[str]) -> frozenset[str]:
        """The study's videos that are in each of these tables, as far as `_covered` judges them."""
        return self.videos.ids.intersection(*(self._covered(table) for table in tables & set(_MADE_BY)))

    def _covered(self, table: str) -> frozenset[str]:
        """The study's videos that are in a table, if it is of the current settings."""
        if not self.videos.ids or not is_made(table) or not all(map(is_current, _MADE_BY[table])):
            return frozenset()
        rows = TABLES[table.removesuffix(".parquet")].read(output(table), ["video_id"])
        return self.videos.ids & set(rows["video_id"])

    def _described(self, step: ModelStep, items: Iterable[Item[Any]]) -> frozenset[str]:
        """The videos whose description is what the current settings give; those that are not asked about have none."""
        if not is_made("descriptions"):
            return frozenset()
        scope = scope_of(step)
        keys = {item.video_id: scope.key(item.inputs).digest for item in items}
        rows = DESCRIPTIONS.read(output("descriptions"), ["video_id", "answer_key"]).rows()
        return frozenset(video_id for video_id, key in rows if key in (None, keys.get(video_id)))

    def _expected(self, known: frozenset[str]) -> int:
        """How many videos of the study are not known yet, as far as they are expected."""
        return len(self.videos.ids - known) + (self.videos.more or 0)

    def _stage(
        self, step: ModelStep, known: frozenset[str], items: Sequence[Item[Any]], needed: set[str]
    ) -> PricedStage:
        calls, each, measured = self.pricer.expected(step)
        count = self._expected(known)
        estimated = PricedPart(count, 0, count * calls, each.times(count))
        makers = tuple(
            maker
            for table, maker in _FREE.items()
            if table in needed and self._expected(self._covered(table))
        )
        exact = self.pricer.exact(step, items)
        group = step.group.name if isinstance(step, AnnotateStep) else None
        return PricedStage(step.stage, _models(step), exact, estimated, each, measured, makers, group)

    def _is_whole(self, known: frozenset[str]) -> bool:
        """Whether these are all videos of the study."""
        return self.videos.more == 0 and known == self.videos.ids

    def _variants(
        self,
        step: AnnotateStep,
        second: SecondJudge | None,
        known: frozenset[str],
        applying: Applying,
        judged: JudgedByVariable,
    ) -> Iterator[PricedStage]:
        """The prompt injection variants: known if all videos are judged, else the answered and as many as may come."""
        injection = self.settings.prompt_injection
        if injection is None:
            return
        calls, each, measured = self.pricer.expected(step)
        if second:
            each = replace(each, most=max(each.most, self.pricer.expected(second.step)[1].most))
        judged_ids = {video_id for of_variable in judged.values() for video_id in of_variable}
        items = [*applying.surely, *applying.perhaps]
        unjudged = [item for item in items if item.video_id not in judged_ids]
        # the labels hardly change the price, so until they are known any label will do
        any_labels, known_labels = _any_labels(step, unjudged), _single_labels(step, judged)
        labels = {name: any_labels[name] | of_videos for name, of_videos in known_labels.items()}
        chosen = list(variant_items(step, injection, items, labels))
        exact, estimated = self._exact_variants(step, second, chosen), PricedPart()
        if second and unjudged:  # whose judge may be either
            by_large = SecondJudge(second.step, {*second.videos, *(item.video_id for item in unjudged)})
            most = max(exact.cost.most, self._exact_variants(step, by_large, chosen).cost.most)
            exact = replace(exact, cost=replace(exact.cost, most=most))
        new = None if self.videos.more is None else self._expected(known)
        if unjudged or new != 0:
            left = replace(exact, videos=exact.videos - exact.answered, answered=0)
            exact = PricedPart(exact.answered, exact.answered)
            estimated = self._expected_variants(injection.videos, left, new, calls, each)
        yield PricedStage(
            "prompt_injection", step.llm.all_models, exact, estimated, each, measured, group=step.group.name
        )

    def _exact_variants(
        self, step: AnnotateStep, second: SecondJudge | None, variants: Collection[VariantItem]
    ) -> PricedPart:
        parts = (self.pricer.exact(judge, asked) for judge, asked in by_judge(step, second, variants))
        return sum(parts, PricedPart())

    def _expected_variants(
        self, wanted: int, left: PricedPart, new: int | None, calls: int, each: Cost
    ) -> PricedPart:
        """The variants that may be asked for: of `new` videos (any number if `None`), and those left of known ones.

        There may be none. A new video takes the place of one other at most, so of `wanted` videos no more are new. The
        typical cost is by their share of all videos.
        """
        videos = len(self.videos.ids) + (self.videos.more or 0)
        share = Decimal(1) if new is None else Decimal(new) / max(videos, 1)
        sampled = wanted if new is None else min(wanted, videos)
        count = (wanted if new is None else min(wanted, new)) * len(ATTACK_TYPES)
        stays = min(left.videos, wanted * len(ATTACK_TYPES) - count)
        part = Decimal(stays) / max(left.videos, 1)
        typical = part * left.cost.typical + sampled * len(ATTACK_TYPES) * share * each.typical
        most = part * left.cost.most + count * each.most
        return PricedPart(
            count + stays, 0, count * calls + round(part * left.calls), Cost(ZERO, typical, most)
        )


def _bound(part: PricedPart) -> PricedPart:
    """The part as what it costs at the most: at the least, nothing."""
    return replace(part, cost=replace(part.cost, low=ZERO))


def _single_labels(step: AnnotateStep, judged: JudgedByVariable) -> dict[str, dict[str, str]]:
    """The labels of the variables that have one; a video without a label is left out."""
    return {
        name: {video: of.labels[0] for video, of in judged.get(name, {}).items() if of.labels}
        for name, variable in step.group.variables.items()
        if variable.is_single_choice
    }


def _any_labels(step: AnnotateStep, items: Sequence[Item[Any]]) -> dict[str, dict[str, str]]:
    return {
        name: dict.fromkeys((item.video_id for item in items), variable.label_names[0])
        for name, variable in step.group.variables.items()
        if variable.is_single_choice
    }


def _asked(entries: Iterable[Item[Any] | Skipped]) -> list[Item[Any]]:
    return [entry for entry in entries if isinstance(entry, Item)]


def _models(step: ModelStep) -> tuple[str, ...]:
    """The models that a step asks; only annotations have several."""
    return step.llm.models if isinstance(step, AnnotateStep) else (step.llm.model,)
