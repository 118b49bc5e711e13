"""Codes a text and pictures by one variable of a codebook: the value, how sure it is, and the words that show it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from text_to_num import alpha2digit

from sandbox.model.codebook import Asked, Meaning
from sandbox.model.evidence import language, word_set
from sandbox.model.place_names import names_places, places
from sandbox.model.stance_lexicon import fold, lexicon_score
from sandbox.model.stance_side import NEUTRAL, label_of_side
from sandbox.model.task import Task
from sandbox.model.vision import texts
from sandbox.model.word_overlap import HASHTAG, Fit, clauses, excludes, fit, without_hashtags

STANCE = word_set(
    "stance stances position attitude support supports supported supporting oppose opposes opposed favour favor against"
    " pro anti approve approves reject rejects postura apoya rechaza"
)
LANGUAGES: Mapping[str, str] = {
    "es": "spanish espanol castellano es spa",
    "en": "english ingles en eng",
    "": "none nothing no without",
}
FACES = word_set("people persons person faces face men women crowd participants")
SPANISH_LETTERS = re.compile("[ñ¡¿áéíóú]", re.IGNORECASE)
NAME = re.compile(r"[A-ZÁÉÍÓÚÑ]\w+(?: [A-ZÁÉÍÓÚÑ]\w+)+")
MOST_SHOWN = 2
"""Clauses quoted as evidence."""
MOST_QUOTED = 5
"""Clauses quoted as the value."""
SURE = 0.7
"""A model that prefers the label shown first takes it below this confidence."""
COUNTS_AS = re.compile(r"\bmore than (\d+)\D*?\bcounts? as (\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Code:
    """The value, None if the model cannot tell; the quoted evidence; how sure it is, from 0 to 1."""

    value: Any
    evidence: str = ""
    confidence: float = 0.5


def code(asked: Asked, task: Task) -> Code:
    """The value that follows from what was sent."""
    text = task.judged
    if asked.can_abstain and not text.strip() and not task.pictures:
        return Code(None)
    definitions = " ".join(meaning.definition for meaning in (asked.meaning, *asked.labels))
    if excludes(definitions, "hashtag"):
        text = without_hashtags(text)
    match asked.field:
        case "label":
            found = _one_label(asked, task, text)
            is_unsure = task.prefers_first and found.confidence < SURE
            return replace(found, value=asked.labels[0].name) if is_unsure else found
        case "labels":
            return _labels(asked, text)
        case "number":
            return _number(asked, task, text)
        case "quotes":
            return Code(_quotes(asked, text))
        case _:
            return _text(asked, text)


def _one_label(asked: Asked, task: Task, text: str) -> Code:
    if _asks(asked, word_set("language languages")):
        return _language_label(asked, task, text)
    if _is_stance(asked):
        score = lexicon_score(text)
        label = label_of_side(score.balance, [meaning.name for meaning in asked.labels])
        return Code(label, "; ".join(dict.fromkeys(score.phrases)), score.confidence)
    return _best_label(asked, [_fit_of_label(asked, meaning, text) for meaning in asked.labels])


def _is_stance(asked: Asked) -> bool:
    labels = set(
        re.findall(r"[a-z]+", " ".join(fold(meaning.name) for meaning in asked.labels).replace("_", " "))
    )
    return _asks(asked, STANCE) or bool(labels & STANCE)


def _asks(asked: Asked, words: frozenset[str]) -> bool:
    """Whether the question or the variable's name has one of these words."""
    given = f"{asked.name} {asked.question}".replace("_", " ").lower()
    return not words.isdisjoint(re.findall(r"\w+", given))


def _fit_of_label(asked: Asked, meaning: Meaning, text: str) -> Fit:
    """`yes` without a meaning means what the question says, `no` without one nothing."""
    name = fold(meaning.name)
    if name not in ("yes", "no"):
        return fit(meaning, text)
    if name == "no" or meaning.definition or meaning.examples:
        return fit(meaning, text, with_name=False)
    whole = f"{asked.question} {asked.meaning.definition}"
    return fit(Meaning("", whole, asked.meaning.examples), text, with_name=False)


def _best_label(asked: Asked, fits: Sequence[Fit]) -> Code:
    """The label that fits best, of equals the one shown first; if none does, one that says so."""
    best = max(fits, key=lambda found: found.score)
    if not best.score:
        return Code(None if asked.can_abstain else _empty_label(asked))
    chosen = asked.labels[fits.index(best)].name
    others = sum(found.score for found in fits) - best.score
    return Code(chosen, _shown(best.clauses), _confidence(best.score, others))


def _empty_label(asked: Asked) -> str:
    """The label for what has nothing of the others, else the one shown first."""
    words = NEUTRAL | word_set("no other others nothing")
    names = [meaning.name for meaning in asked.labels]
    return next((name for name in names if words & set(fold(name).split())), names[0])


def _confidence(score: int, others: int) -> float:
    """From 0.5 (nothing fits, or two the same) towards 1 (much fits, all of it one label)."""
    margin = max(0, score - others) / (score + others)
    return round(0.5 + 0.5 * margin * (1 - 0.5**score), 2)


def _language_label(asked: Asked, task: Task, text: str) -> Code:
    """By the language of the text, or of that in the pictures if the question is about them; else by the words."""
    if _asks(asked, word_set("screen frame frames picture pictures image images")):
        text = "\n".join(texts(task.pictures))
    found = _language(text)
    names = set(LANGUAGES.get(found, "").split())
    for meaning in asked.labels:
        if names & set(fold(meaning.name).split()):
            return Code(meaning.name, confidence=0.95)
    return _best_label(asked, [fit(meaning, text, with_name=False) for meaning in asked.labels])


def _language(text: str) -> str:
    """`es` or `en`, `und` if neither words nor letters tell, or empty without a text."""
    if not text.strip():
        return ""
    found = language(text)
    return "es" if found == "und" and SPANISH_LETTERS.search(text) else found


def _labels(asked: Asked, text: str) -> Code:
    fits = {meaning.name: fit(meaning, text) for meaning in asked.labels}
    holding = {name: found for name, found in fits.items() if found.score}
    shown = [found.clauses[0] for found in holding.values()]
    return Code(list(holding), _shown(list(dict.fromkeys(shown))))


def _number(asked: Asked, task: Task, text: str) -> Code:
    counted = _count(asked, task, text)
    most = COUNTS_AS.search(alpha2digit(asked.meaning.definition, "en", threshold=0))
    if most and counted.value is not None and counted.value > int(most[1]):
        return Code(int(most[2]), counted.evidence)
    return counted


def _count(asked: Asked, task: Task, text: str) -> Code:
    """Faces in a picture, places in the text, the number in the clause that fits best, or the clauses that fit."""
    if task.pictures and _asks(asked, FACES):
        return Code(max(picture.faces for picture in task.pictures))
    if names_places(asked.question):
        found = places(text, asked.meaning.definition)
        return Code(len(found), _shown(found))
    question = Meaning("", f"{asked.question} {asked.meaning.definition}", asked.meaning.examples)
    fitting = fit(question, text, with_name=False).clauses
    for clause in fitting:
        if number := re.search(r"\d+", _in_digits(clause)):
            return Code(int(number[0]), clause)
    if asked.can_abstain and not fitting:
        return Code(None)
    return Code(len(fitting), _shown(fitting))


def _in_digits(text: str) -> str:
    """The text with its number words in digits; `one` and `two`, which are often no numbers, stay words."""
    return str(alpha2digit(alpha2digit(text, "en"), "es"))


def _quotes(asked: Asked, text: str) -> list[str]:
    """Hashtags, places, names of two words or more, or the clauses that fit."""
    if _asks(asked, word_set("hashtag hashtags")):
        return list(dict.fromkeys(HASHTAG.findall(text)))
    if names_places(f"{asked.name} {asked.question}"):
        return places(text, asked.meaning.definition)
    if _asks(asked, word_set("person persons people named names organisations organizations")):
        return list(dict.fromkeys(NAME.findall(text)))
    question = Meaning("", f"{asked.question} {asked.meaning.definition}", asked.meaning.examples)
    return list(fit(question, text, with_name=False).clauses[:MOST_QUOTED])


def _text(asked: Asked, text: str) -> Code:
    """The name of the language, or the clause that fits best, else the first one."""
    if _asks(asked, word_set("language languages")):
        found = LANGUAGES.get(_language(text), "unknown").split()[0]
        return Code(found.capitalize())
    question = Meaning("", f"{asked.question} {asked.meaning.definition}", asked.meaning.examples)
    found_clauses = [*fit(question, text, with_name=False).clauses, *clauses(text)]
    if not found_clauses:
        return Code(None if asked.can_abstain else "Nothing was given.")
    return Code(found_clauses[0], found_clauses[0])


def _shown(quotations: Sequence[str]) -> str:
    return " … ".join(quotations[:MOST_SHOWN])
