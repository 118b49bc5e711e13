"""The result of pricing: sums in US dollars, calls that are known apart from those that are estimated."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Self

ZERO = Decimal(0)


@dataclass(frozen=True)
class Cost:
    """US dollars: the least to expect, the typical sum, and the most that is possible."""

    low: Decimal = ZERO
    typical: Decimal = ZERO
    most: Decimal = ZERO

    def __add__(self, other: Self) -> "Cost":
        return Cost(self.low + other.low, self.typical + other.typical, self.most + other.most)

    def times(self, count: int) -> "Cost":
        """The cost of so many."""
        return Cost(count * self.low, count * self.typical, count * self.most)


@dataclass(frozen=True)
class PricedPart:
    """So many videos (or variants), those of them that are answered, and the calls and their cost for the others."""

    videos: int = 0
    answered: int = 0
    calls: int = 0
    cost: Cost = Cost()

    def __add__(self, other: Self) -> "PricedPart":
        return PricedPart(
            self.videos + other.videos,
            self.answered + other.answered,
            self.calls + other.calls,
            self.cost + other.cost,
        )


@dataclass(frozen=True)
class PricedStage:
    """The price of a stage: of the videos whose inputs are in the tables, and of those that are still expected.

    `stage` is `prompt_injection` for the variants that `annotate` asks about; `group` is what is asked of the codebook.
    `each` is what one more video costs, and `measured` the number of calls in the log that this rests on, 0 if it rests
    on stated lengths. `makers` are the stages, free of charge, that would make the estimated calls known. `condition`
    is on what the group is asked, if it is not known of all videos whether they meet it: the estimate is then a bound.
    """

    stage: str
    models: tuple[str, ...]
    known: PricedPart
    estimated: PricedPart
    each: Cost
    measured: int
    makers: tuple[str, ...] = ()
    group: str | None = None
    condition: str | None = None

    @property
    def name(self) -> str:
        """The stage, and the group of it."""
        return f"{self.stage} {self.group}" if self.group else self.stage

    @property
    def is_of_variants(self) -> bool:
        return self.stage == "prompt_injection"

    @property
    def cost(self) -> Cost:
        """Both parts."""
        return self.known.cost + self.estimated.cost


@dataclass(frozen=True)
class Budget:
    """What is spent at this kind of host (the sandbox, or any other), and the limit of the settings, if they have one.

    A call of `unknown` cost counts in full.
    """

    spent: Decimal
    calls: int
    unknown: int
    limit: Decimal | None

    @property
    def left(self) -> Decimal | None:
        """What is left of the limit."""
        return None if self.limit is None else self.limit - self.spent


@dataclass(frozen=True)
class StudyDays:
    """How many days of the study are collected, and the first and last day of each range of days that are not."""

    collected: int = 0
    others: tuple[tuple[date, date], ...] = ()

    @property
    def not_collected(self) -> int:
        return sum((end - start).days + 1 for start, end in self.others)


@dataclass(frozen=True)
class PricedPlan:
    """What all stages that ask a model would cost now.

    `videos` is how many the study has or is expected to have; `None` if nothing tells, and then only what is in the
    tables is priced. `ignored` says why tables in `data/` were not used. `missing` are the tables that would make
    the calls known: DVC recorded them with these settings, and they are not in `data/`.
    """

    stages: tuple[PricedStage, ...]
    videos: int | None
    ignored: str | None
    budget: Budget
    missing: tuple[str, ...] = ()
    days: StudyDays = StudyDays()

    @property
    def known(self) -> Cost:
        """The cost of the calls that are known; how long answers will be is not."""
        return sum((stage.known.cost for stage in self.stages), Cost())

    @property
    def estimated(self) -> Cost:
        """The cost of what is expected."""
        return sum((stage.estimated.cost for stage in self.stages), Cost())

    @property
    def total(self) -> Cost:
        """The cost of both."""
        return self.known + self.estimated

    @property
    def is_complete(self) -> bool:
        """Whether every video of the study is priced, so far as it is expected."""
        return self.videos is not None

    @property
    def is_all_answered(self) -> bool:
        """Whether no model will be asked anything, and all days of the study are collected."""
        is_whole = self.is_complete and not self.days.others
        return is_whole and not any(stage.known.calls or stage.estimated.videos for stage in self.stages)
