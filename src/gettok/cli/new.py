"""Define a study of your own: write its file, choose it in conf/config.yaml, and compose.

Asks at a terminal for what no option says. A list is separated by commas; its option may also be repeated.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

import typer
from pydantic import TypeAdapter, ValidationError

from gettok.cli.compose import holds, warn
from gettok.cli.new_study import SOURCES, Written, file_of, path_of, refuse_during_a_run, write
from gettok.errors import BadSettings, Interrupted
from gettok.pipeline.endpoints import client_variables, model_variables
from gettok.pipeline.interrupts import interrupted_once
from gettok.settings import Settings, Study, fields
from gettok.settings.query import conditions

Answers = dict[str, Any]
#: A name is that of a file, and of folders.
_LONGEST_NAME = 60


def _list(kind: Any) -> Callable[[str], tuple[str, ...]]:
    """Reads texts that are separated by commas."""
    check = TypeAdapter[tuple[str, ...]](kind)
    return lambda text: check.validate_python([part.strip() for part in text.split(",") if part.strip()])


def _hashtags(text: str) -> tuple[str, ...]:
    return _list(fields.Tags)(",".join(part.strip().removeprefix("#") for part in text.split(",")))


def _labels(text: str) -> tuple[str, ...]:
    labels = _list(fields.Words)(text)
    if len(labels) < 2:
        raise ValueError("needs two labels or more, separated by commas")
    return labels


def _day(text: str) -> date:
    try:
        return fields.day(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a day such as 2022-11-20") from None


def _source(text: str) -> str:
    if text not in SOURCES:
        raise ValueError(f"{text!r} is none of {', '.join(SOURCES)}")
    return text


class StudyQuestion(NamedTuple):
    """What a terminal asks for an option, how the answer is read, and what it is by default (None: it is needed)."""

    text: str
    read: Callable[[str], Any]
    default: str | None


def questions(name: str) -> Mapping[str, StudyQuestion]:
    """The questions about a study, by the option that answers them."""
    return MappingProxyType(
        {
            "title": StudyQuestion("Title of the study", fields.word, name.replace("_", " ").capitalize()),
            "keywords": StudyQuestion(
                "Keywords, separated by commas (Enter for none)", _list(fields.Words), ""
            ),
            "hashtags": StudyQuestion("Hashtags, separated by commas (Enter for none)", _hashtags, ""),
            "region": StudyQuestion(
                "Regions of the authors' accounts, such as PE, BO (Enter for all)",
                lambda text: _list(fields.Regions)(text.upper()),
                "",
            ),
            "start": StudyQuestion("First day of publication (UTC), such as 2022-11-20", _day, None),
            "end": StudyQuestion("Last day of publication (UTC)", _day, None),
            "target": StudyQuestion("Stance towards whom or what", fields.word, None),
            "labels": StudyQuestion("Labels to choose from", _labels, "support, no support, neutral"),
            "source": StudyQuestion(f"Source of the videos: {' or '.join(SOURCES)}", _source, "tiktok"),
        }
    )


def answers_in(given: Mapping[str, str], asked: Mapping[str, StudyQuestion]) -> Answers:
    """The answers in the options. Raises `BadSettings`, which names every wrong option."""
    answers: Answers = {}
    problems = []
    for option, text in given.items():
        try:
            answers[option] = _read(asked[option], text)
        except ValueError as error:
            problems.append(f"--{option}: {_sentence(error)}")
    if wrong := _wrong_days(answers):
        problems.append(f"--end: {wrong}")
    if problems:
        raise BadSettings("; ".join(problems), "wrote nothing", "correct the options, and run it again")
    return answers


def _read(question: StudyQuestion, text: str) -> Any:
    """The answer in a text; raises `ValueError`, also for what Hydra reads as something else than a text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{text!r} is not valid UTF-8") from None
    if "${" in text:
        raise ValueError("'${' begins a reference to another setting, and cannot be in a text")
    if "???" in (part.strip() for part in text.split(",")):
        raise ValueError("'???' means a value that is not set, and cannot be a text")
    return question.read(text.strip())


def _sentence(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(problem["msg"].removeprefix("Value error, ") for problem in error.errors())
    return str(error)


def _wrong_days(answers: Answers) -> str | None:
    start, end = answers.get("start"), answers.get("end")
    return f"{end} is before the first day, {start}" if start and end and end < start else None


def missing(answers: Answers, asked: Mapping[str, StudyQuestion]) -> list[str]:
    """The options that are needed and were not answered."""
    has_terms = answers.get("keywords") or answers.get("hashtags")
    needed = (f"--{option}" for option, question in asked.items() if question.default is None)
    return [
        *([] if has_terms else ["--keywords or --hashtags"]),
        *(option for option in needed if option[2:] not in answers),
    ]


def ask(answers: Answers, asked: Mapping[str, StudyQuestion]) -> None:
    """Ask at the terminal for every answer that is not there; a wrong one is asked for again."""
    for option, question in asked.items():
        if option in answers:
            continue
        is_last_term = option == "hashtags" and not answers.get("keywords")
        with _line_ended():
            answers[option] = typer.prompt(
                question.text.replace(" (Enter for none)", "") if is_last_term else question.text,
                default=None if is_last_term else question.default,
                show_default=bool(question.default),
                value_proc=partial(_accepted, question, answers, option),
            )


@contextmanager
def _line_ended() -> Iterator[None]:
    """What is said after a question that is not answered begins a line."""
    try:
        yield
    except (Interrupted, typer.Abort):
        typer.echo(err=True)
        raise


def _accepted(question: StudyQuestion, answers: Answers, option: str, text: str) -> Any:
    """The answer; `BadParameter` makes the terminal ask again."""
    try:
        value = _read(question, text)
    except ValueError as error:
        raise typer.BadParameter(_sentence(error)) from error
    if wrong := _wrong_days({**answers, option: value}):
        raise typer.BadParameter(wrong)
    return value


def study_of(name: str, answers: Answers) -> Study:
    """The study; raises `BadSettings` for what only all answers together show, such as too many regions."""
    try:
        return Study.model_validate(
            {
                "name": name,
                "title": answers["title"],
                "query": {
                    "any": {"keywords": answers["keywords"], "hashtags": answers["hashtags"]},
                    "all": {"regions": answers["region"]},
                },
                "start": answers["start"].isoformat(),
                "end": answers["end"].isoformat(),
                "events": (),
                "stance": {"target": answers["target"], "labels": answers["labels"]},
            }
        )
    except ValidationError as error:
        raise BadSettings(_sentence(error), "wrote nothing", "correct it, and run it again") from error


def contents_of_sandbox(study: Study) -> list[str]:
    """What the sandbox's corpus has for the study; a separate program, as the pipeline knows nothing of the corpus."""
    request = {"query": conditions(study.query), "start": str(study.start), "end": str(study.end)}
    command = [sys.executable, "-m", "sandbox.contents"]
    done = subprocess.run(command, check=True, input=json.dumps(request), stdout=subprocess.PIPE, text=True)  # noqa: S603
    return done.stdout.splitlines()


def lines_about(written: Written) -> Iterator[str]:
    """What was written, and what comes next, line by line."""
    settings, last = written.settings, written.last_study
    yield f"wrote {written.file}; each key has a comment, and further terms and events go there"
    changed = (f"{group}: {old} → {new}" for group, (old, new) in written.choices.items())
    yield f"conf/config.yaml now has {', '.join(changed)}"
    for move in written.moved:
        yield f"{move.old} is of the study {last}: set aside as {move.new}"
    for path in written.left:
        yield f"{path} is of the study {last}, but git ignores it: left there, so move it away yourself"
    yield holds(settings)
    yield from (
        _about_sandbox(settings.study) if settings.source.name == "sandbox" else _about_tiktok(settings)
    )
    yield "next:"
    yield "  gettok plan      what the run would ask for, and what it would cost"
    yield "  gettok doctor    whether the model's endpoint can do what these settings need"
    yield "  dvc repro        the run; the same command goes on after a stop"
    yield "`dvc exp run` sees only what git has, so commit before it: git add conf inputs params.yaml && git commit"


def _about_sandbox(study: Study) -> Iterator[str]:
    yield "the sandbox has synthetic videos only:"
    yield from (f"  {line}" for line in contents_of_sandbox(study))
    yield "  conf/study/demo.yaml has terms that find most of them; a keyword is a whole word of a caption"


def _about_tiktok(settings: Settings) -> Iterator[str]:
    variables = (*client_variables(settings.source), *model_variables(settings.llm))
    yield f"the credentials come from the environment: {', '.join(variables)}"
    yield (
        "look at what conf/config.yaml chooses for your languages and your machine: asr, llm with its prices, "
        "embedder, and prompt_injection, whose instructions are in English and Spanish"
    )


def command(  # noqa: PLR0913 - one for each question
    name: Annotated[str, typer.Argument(help="The study's name: lower-case letters, digits and _.")],
    *,
    title: Annotated[
        str | None, typer.Option(help="What the report calls the study; else made of the name.")
    ] = None,
    keywords: Annotated[
        list[str] | None, typer.Option(help="Words in captions, separated by commas.")
    ] = None,
    hashtags: Annotated[
        list[str] | None, typer.Option(help="Hashtags, separated by commas; a # is left out.")
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(
            help="Regions of the authors' accounts as two letters (ISO 3166), separated by commas; else all."
        ),
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="First day of publication (UTC), such as 2022-11-20.")
    ] = None,
    end: Annotated[str | None, typer.Option(help="Last day of publication (UTC), included.")] = None,
    target: Annotated[str | None, typer.Option(help="Whom or what the stances are about.")] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option(help="Two stances or more, separated by commas; else support, no support, neutral."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(help="tiktok, or sandbox for the synthetic videos on your own machine; else tiktok."),
    ] = None,
) -> None:
    options = {
        "title": title,
        "keywords": keywords,
        "hashtags": hashtags,
        "region": region,
        "start": start,
        "end": end,
        "target": target,
        "labels": labels,
        "source": source,
    }
    given = {
        option: text if isinstance(text, str) else ",".join(text) for option, text in options.items() if text
    }
    with interrupted_once(), _saying_what_exists(name):
        written = create(name, given)
        for line in lines_about(written):
            typer.echo(line)
        warn(written.settings)


@contextmanager
def _saying_what_exists(name: str) -> Iterator[None]:
    """A signal, or the end of the input at a question, is `Interrupted` with what the command leaves behind."""
    try:
        yield
    except (Interrupted, typer.Abort):
        if not path_of(name).exists():
            raise Interrupted("no study was written, and all is as it was") from None
        raise Interrupted(
            f"the study {name} is written, and conf/config.yaml chooses it. Next: gettok plan, gettok doctor, dvc repro"
        ) from None


def create(name: str, given: Mapping[str, str]) -> Written:
    """Write the study that the options describe; at a terminal, what is missing is asked for."""
    _refuse_name(name)
    file_of(name)
    refuse_during_a_run()
    asked = questions(name)
    answers = answers_in(given, asked)
    if lacking := missing(answers, asked):
        _refuse_without_terminal(lacking)
        ask(answers, asked)
    for option, question in asked.items():
        if option not in answers and question.default is not None:
            answers[option] = question.read(question.default)
    return write(study_of(name, answers), answers["source"])


def _refuse_name(name: str) -> None:
    if not re.fullmatch(f"[a-z][a-z0-9_]{{0,{_LONGEST_NAME - 1}}}", name):
        raise BadSettings(
            f"{name!r} is not a name for a study",
            "wrote nothing",
            f"take up to {_LONGEST_NAME} lower-case letters, digits and _, and a letter first, such as election_2024",
        )


def _refuse_without_terminal(lacking: Sequence[str]) -> None:
    if not sys.stdin.isatty():
        raise BadSettings(
            f"these options are missing: {', '.join(lacking)}",
            "wrote nothing, and did not ask, as there is no terminal",
            "give the options, or run it at a terminal; `gettok new --help` explains each",
        )
