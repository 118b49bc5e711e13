"""Put the workspace, the commit and its experiments side by side: what differs, label shares, agreement and cost."""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import polars as pl
import typer
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from gettok.annotate.human_labels.evaluation import evaluate
from gettok.annotate.human_labels.reading import (
    HumanLabel,
    are_of_another_study,
    human_value,
    read_human_labels,
)
from gettok.cli.experiments import NOT_DONE, ListedRun, NoSpecification, OtherStudy, ResultReader, listed
from gettok.errors import BadInput
from gettok.multiverse import locks
from gettok.multiverse.before_after import label_share
from gettok.multiverse.compared_variable import ComparedVariable, compared_variable
from gettok.multiverse.specifications import SCHEMA, Specification, axes, in_words
from gettok.pipeline.paths import HUMAN_LABELS, PARAMS
from gettok.report.display import label as one_line
from gettok.settings import Codebook, Settings, load
from gettok.settings.roles import EXECUTION_ONLY, is_under
from gettok.step import Json, digest_of

#: A setting's value of more characters is named by its digest; a list, by one of more than twice as many.
_LONGEST = 40
_NARROWEST = 60
_LEGEND = (
    "n: videos with a label of {variable}; the labels have shares of these. κ: agreement with the human labels.",
    "cost: the price of all answers, whenever they were paid for. #: the digest of a long text.",
)
_HOW_TO_MAKE_ONE = (
    "run one with `dvc exp run -S prompts/codebook=paper`, or several with"
    " `dvc exp run --queue -S prompts/codebook=paper,evidence` and then `dvc queue start`"
)


@dataclass(frozen=True)
class Run:
    """What DVC lists, and either its labels or why there are none. `settings` are those that it was made with."""

    listed: ListedRun
    settings: Mapping[str, Json]
    specification: Specification | None = None
    kappa: float | None = None
    why: str | None = None
    #: The settings in which the runs differ, with short values.
    differs: Mapping[str, str] = field(default_factory=dict)

    @property
    def state(self) -> str:
        if self.listed.state in NOT_DONE:
            return self.listed.state
        return "done" if self.specification else "no result"


def runs(settings: Settings, compared: ComparedVariable, revs: Sequence[str]) -> list[Run]:
    """The workspace, each commit of `revs` (HEAD if none) and its experiments, in this order."""
    found, why_unusable = listed(revs)
    reader = ResultReader(settings.study, compared)
    made = [_run(reader, result, None if result.commit else why_unusable) for result in found]
    agreements = _kappas(
        [run.specification for run in made if run.specification], settings.codebook, compared
    )
    values = _differing(made)
    return [
        replace(
            run,
            kappa=agreements.get(run.listed.name),
            differs={
                key: short(of_all[place]) for key, of_all in values.items() if of_all[place] is not None
            },
        )
        for place, run in enumerate(made)
    ]


def _run(reader: ResultReader, result: ListedRun, why: str | None) -> Run:
    why = why or NOT_DONE.get(result.state)
    if why is None:
        try:
            made = reader.specification(result)
        except NoSpecification as error:
            why = str(error)
        except OtherStudy as error:
            why = f"it is of another study: {error}"
        else:
            # params.yaml may have been composed again since
            return Run(result, {**_kept(result.settings), **made.settings}, made)
    return Run(result, _kept(result.settings), why=why)


def _kept(settings: Mapping[str, Json]) -> dict[str, Json]:
    """The settings that can change a result."""
    named = locks.with_models_named(settings)
    return {key: value for key, value in named.items() if not is_under(key, EXECUTION_ONLY)}


def _differing(made: Sequence[Run]) -> dict[str, tuple[Json, ...]]:
    """Each setting in which runs differ, with every run's value; a prompt's name or a model's represents the rest."""
    no_labels = pl.DataFrame(schema=SCHEMA)
    known = [run for run in made if run.settings]
    found = axes([Specification(run.listed.name, run.settings, no_labels) for run in known])
    return {axis.setting: tuple(run.settings.get(axis.setting) for run in made) for axis in found}


def short(value: Json) -> str:
    """A setting's value on one line; a long text, such as a prompt, by the first eight digits of its SHA-256."""
    text = in_words(value)
    if len(text) > (2 * _LONGEST if isinstance(value, list) else _LONGEST) or "\n" in text:
        return f"#{digest_of(value)[:8]}"
    return text


def _kappas(
    found: Sequence[Specification], codebook: Codebook, compared: ComparedVariable
) -> dict[str, float | None]:
    """Each run's agreement with the human labels of this workspace; empty without any."""
    if not HUMAN_LABELS.is_file():
        return {}
    videos = {name for specification in found for name in specification.labels["video_id"]}
    given = [
        entry
        for entry in read_human_labels(HUMAN_LABELS, codebook, videos)
        if entry.variable == compared.name and entry.video_id in videos
    ]
    if are_of_another_study(given, compared.variable):
        return {}
    coded = [_coded(entry, compared) for entry in given]
    return {
        specification.name: evaluate(coded, specification.labels, compared.coded).confusion.kappa
        for specification in found
    }


def _coded(entry: HumanLabel, compared: ComparedVariable) -> HumanLabel:
    """A person's label as a label of what is compared."""
    if not (entry.label and compared.has_or_not):
        return entry
    given = human_value(compared.variable, entry.label)
    has_it = isinstance(given, tuple) and compared.label in given
    return replace(entry, label=compared.labels[0 if has_it else 1])


def as_rows(made: Sequence[Run], compared: ComparedVariable) -> list[dict[str, Any]]:
    """For scripts: a row for each run, with the same keys in every row."""
    settings = list(dict.fromkeys(key for run in made for key in run.differs))
    return [
        {
            "run": run.listed.name,
            "commit": run.listed.commit,
            "state": run.state,
            "why": run.why,
            "settings": {key: run.differs.get(key) for key in settings},
            "n": run.specification.labelled.height if run.specification else None,
            "shares": _shares(run, compared),
            "kappa": run.kappa,
            "cost_usd": run.specification.cost_usd if run.specification else None,
        }
        for run in made
    ]


def _shares(run: Run, compared: ComparedVariable) -> dict[str, float | None]:
    of = run.specification
    return {name: label_share(of, name).value if of else None for name in compared.labels}


def as_csv(made: Sequence[Run], compared: ComparedVariable) -> str:
    """The same rows, each setting and each label's share in a column of its own."""
    return pl.DataFrame(
        [dict(_flat(row)) for row in as_rows(made, compared)], infer_schema_length=None
    ).write_csv()


def _flat(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if name == "settings":
            yield from value.items()
        elif name == "shares":
            yield from ((f"share_{label}", share) for label, share in value.items())
        else:
            yield name, value


def as_table(made: Sequence[Run], compared: ComparedVariable) -> Grid:
    """For a terminal. An experiment's settings are those that differ from its commit's."""
    grid = Grid(box=None, pad_edge=False, collapse_padding=True, header_style="bold")
    grid.add_column("run", overflow="fold")
    grid.add_column("settings", overflow="fold")
    for name in ("n", *compared.labels, "κ", "cost"):
        grid.add_column(Text("\n".join(name.split())), justify="right")
    commit: Mapping[str, str] = {}
    for run in made:
        if run.listed.commit and not run.listed.is_experiment:
            commit = run.differs
        base = commit if run.listed.is_experiment else {}
        cells = (run.listed.name, _settings(run.differs, base), *_numbers(run, compared))
        # Text, since Rich takes [brackets] in a string for markup
        grid.add_row(*(Text(cell) for cell in cells))
    return grid


def _settings(differs: Mapping[str, str], compared: Mapping[str, str]) -> str:
    names = [key for key in {**compared, **differs} if differs.get(key) != compared.get(key)]
    return "\n".join(
        one_line(f"{key.removesuffix('.name')}={differs.get(key, 'none')}", 2 * _LONGEST + 60)
        for key in names
    )


def _numbers(run: Run, compared: ComparedVariable) -> Iterator[str]:
    if run.specification is None:
        # in the last column, as it is wider than n
        yield from ("", *("" for _ in compared.labels), "", run.state)
        return
    cost = run.specification.cost_usd
    yield f"{run.specification.labelled.height:,}"
    yield from ("–" if share is None else f"{share:.0%}" for share in _shares(run, compared).values())
    yield "–" if run.kappa is None else f"{run.kappa:.2f}"
    yield "–" if cost is None else f"${cost:,.{2 if cost >= 1 else 4}f}"


def lines_below(made: Sequence[Run], compared: ComparedVariable) -> Iterator[str]:
    """Why runs have no result, what the columns mean, and how to make an experiment if there is none."""
    for run in made:
        if run.why:
            how = f": `dvc queue logs {run.listed.name}` shows why" if run.state == "failed" else ""
            yield f"{run.listed.name}: {one_line(run.why, 300)}{how}"
    yield from (line.format(variable=compared.name) for line in _LEGEND)
    if not any(run.listed.is_experiment for run in made):
        yield f"no experiment started from here: {_HOW_TO_MAKE_ONE}"


def command(
    rev: Annotated[
        list[str] | None,
        typer.Option(help="A commit that the experiments started from, instead of HEAD. May be repeated."),
    ] = None,
    variable: Annotated[
        str | None,
        typer.Option(
            help="The variable that is shown, instead of the codebook's first with one label a video."
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(help="Of a variable that may have several labels, the one that is looked for."),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the rows as JSON, for scripts.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV.")] = False,
) -> None:
    if json_ and csv:
        raise BadInput("--json and --csv exclude each other", "printed nothing", "choose one of them")
    settings = load(PARAMS)
    compared = compared_variable(settings.codebook, settings.study.stance.target, variable, label)
    made = runs(settings, compared, rev or [])
    if json_:
        typer.echo(json.dumps(as_rows(made, compared), ensure_ascii=False, indent=2))
    elif csv:
        typer.echo(as_csv(made, compared), nl=False)
    else:
        width = max(shutil.get_terminal_size().columns, _NARROWEST)
        Console(file=sys.stdout, width=width, highlight=False).print(as_table(made, compared))
        typer.echo("\n" + "\n".join(lines_below(made, compared)))
