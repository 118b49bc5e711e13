"""The facts that `gettok status` prints. Finding them asks no server, and changes nothing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO

from gettok.cli.status_settings import SettingsState, settings_state
from gettok.cli.status_stages import PipelineStatus, pipeline_status
from gettok.collect.tombstones import SUBJECTS, RefreshLists, Subject
from gettok.errors import UserFacingError
from gettok.pipeline.dvc_runs import DvcRuns, dvc_runs
from gettok.pipeline.experiment_inputs import not_committed
from gettok.pipeline.outputs import books_of
from gettok.pipeline.paths import REFRESH_LISTS, dvc_cache, store_root
from gettok.pipeline.pricing import PricedPlan, price
from gettok.pipeline.refillable import missing_answers
from gettok.pipeline.sharing import last_confirmed
from gettok.settings import Settings
from gettok.store import Store

#: Pricing reads the frames of every video without an answer, which takes minutes for a large study.
_MOST_PRICED = 1_000


@dataclass(frozen=True)
class LastRefresh:
    """The last round of a subject, by the start of the round; None if there was none.

    `age_days` is how long ago it was, or without one, how long ago the first video was collected. While it is overdue,
    a release is refused.
    """

    subject: Subject
    round: str | None
    age_days: int | None
    is_due: bool
    is_overdue: bool


@dataclass(frozen=True)
class Status:
    """Everything that `gettok status` says.

    `pipeline` and `price` are None while a run is under way, as its tables change. `price` is None as well if the
    settings have no price, and if there are too many `videos` to price in a few seconds. `to_refill` has the answers
    that the tables hold and the store lacks, by step. `problems` has what could not be found out, and why.
    """

    settings: SettingsState
    runs: DvcRuns
    pipeline: PipelineStatus | None
    videos: int
    price: PricedPlan | None
    to_refill: Mapping[str, int]
    refreshes: tuple[LastRefresh, ...]
    not_committed: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def is_too_large_to_price(self) -> bool:
        return self.videos > _MOST_PRICED


def status() -> Status:
    """Find everything out; raises `BadInput` outside a repository of DVC's."""
    dvc_cache()
    problems: list[str] = []
    found, runs = settings_state(), dvc_runs()
    pipeline: PipelineStatus | None = None
    cost: PricedPlan | None = None
    to_refill: Mapping[str, int] = {}
    refreshes: tuple[LastRefresh, ...] = ()
    videos = _videos()
    if not runs.here:
        with _noted(problems):
            pipeline = pipeline_status()
    with Store(store_root(), to_read=True) as store:
        with _noted(problems):
            to_refill = missing_answers(store)
        if found.settings and not runs.here and videos <= _MOST_PRICED:
            with _noted(problems):
                cost = _price(found.settings, store)
    if found.settings:
        with _noted(problems):
            refreshes = tuple(_last_refreshes(found.settings))
    lacking = tuple(not_committed(found.settings))
    return Status(found, runs, pipeline, videos, cost, to_refill, refreshes, lacking, tuple(problems))


def _price(settings: Settings, store: Store) -> PricedPlan | None:
    """The price, without the progress that `gettok plan` shows meanwhile."""
    with redirect_stderr(StringIO()):
        return price(settings, store)


def _videos() -> int:
    """How many videos the last run found; 0 if that is not known."""
    try:
        return books_of("tabulate").ok
    except UserFacingError:
        return 0


@contextmanager
def _noted(problems: list[str]) -> Iterator[None]:
    """Note what an error says: the other facts are worth knowing all the same."""
    try:
        yield
    except UserFacingError as error:
        problems.append(f"{error.what}: {error.can}")


def _last_refreshes(settings: Settings) -> Iterator[LastRefresh]:
    collect, terms, now = settings.collect, settings.terms, datetime.now(UTC)
    collected = {"video": True, "comment": collect.comments is not None, "user": collect.users is not None}
    for subject in SUBJECTS:
        if not collected[subject]:
            continue
        rounds = RefreshLists(REFRESH_LISTS, subject).rounds(settings.source.name)
        since = datetime.fromisoformat(rounds[-1]) if rounds else None
        if since is None and subject == "video" and terms.is_binding:
            with suppress(UserFacingError):  # of tables that are not there, other lines say so
                since = last_confirmed(settings)
        days = None if since is None else max(0, (now - since).days)
        overdue = subject == "video" and terms.is_binding and (days or 0) > terms.refresh_days
        last = rounds[-1] if rounds else None
        yield LastRefresh(subject, last, days, (days or 0) >= terms.refresh_days, overdue)
