"""Warnings about settings that are valid, but with which a run gives less than its user may expect."""

from collections.abc import Iterator
from datetime import date

from gettok.settings.codebook import TYPICAL_ANSWER_TOKENS
from gettok.settings.types import Settings, Study


def warnings(settings: Settings, today: date) -> list[str]:
    """A line for each warning; it begins with the key."""
    return [
        *_days_to_come(settings, today),
        *_events_outside(settings.study),
        *_labels_of_the_prompt(settings),
        *_answers_that_are_cut(settings),
    ]


def _days_to_come(settings: Settings, today: date) -> Iterator[str]:
    """A list of videos needs no days."""
    study = settings.study
    if settings.source.kind == "research_api" and study.end > today:
        first = "start" if study.start > today else "end"
        yield (
            f"study.{first}: {getattr(study, first)} is in the future (today is {today} in UTC): a day can be "
            "collected when it is over, by `dvc repro -f collect` and then `dvc repro`"
        )


def _events_outside(study: Study) -> Iterator[str]:
    for event in study.events:
        if not study.start <= event.day <= study.end:
            yield (
                f"study.events: {event.day} ({event.label}) is outside the study's days, {study.start} to {study.end}; "
                "the timeline in the report has no line for it"
            )


def _labels_of_the_prompt(settings: Settings) -> Iterator[str]:
    prompt = settings.prompts.codebook
    for group in prompt.texts:
        labels = [label for each in settings.codebook.groups[group].values() for label in each.label_names]
        if others := prompt.other_labels(group, labels):
            named = ", ".join(map(repr, others))
            yield (
                f"prompts.codebook: the prompt {prompt.name!r} also asks for {named}, which the group {group} "
                f"({', '.join(labels)}) does not have; an answer with it is malformed"
            )


def _answers_that_are_cut(settings: Settings) -> Iterator[str]:
    most = settings.llm.max_tokens
    for group, variables in settings.codebook.groups.items():
        typical = TYPICAL_ANSWER_TOKENS * len(variables)
        if typical > most:
            yield (
                f"llm.max_tokens: {most} is less than a typical answer to the group {group} has (about {typical} "
                f"tokens for {len(variables)} variables); a longer answer is cut, and its video has no value "
                "(cut_short): raise llm.max_tokens, or divide the variables into more groups"
            )
