"""How well a text fits what a codebook says of a label: words in common, in English or translated to Spanish.

A definition in other words than the text's finds nothing. A word that has two meanings finds too much. Examples in the
text's own words find most: that is why a tight definition is coded better than a label alone.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sandbox.model.codebook import Meaning
from sandbox.model.evidence import ENGLISH, SPANISH, word_set
from sandbox.model.stance_lexicon import fold

CLAUSE = re.compile(r"[^.!?¿¡;:,…\n]+")
NEGATIVE = re.compile(r"\b(?:no|not|nothing|never|neither|without|except)\b")
HASHTAG = re.compile(r"[#@]\w+")

IGNORED = (
    ENGLISH
    | frozenset(map(fold, SPANISH))
    | word_set(
        "a all an any anyone anything apply applies are as be by can clip do does done each either every has have how"
        " if into its label labels least many more most much name named names of one only other others people person"
        " say says see seen show shown shows so some someone something such than them then there these they this those"
        " topic topics towards value video videos viewer viewers what when where which who whoever whom whose will"
        " would about also or you your he she his her their we our us is was were been being call calls count counts"
        " made make makes take takes taken part"
    )
)

SPANISH_FOR = {
    "arrest": "deten arrest captur",
    "bus": "bus",
    "cook": "cocin receta comida",
    "court": "tribunal juez corte fiscal",
    "crime": "delito crimen",
    "dance": "baile baila bailo",
    "demand": "exig pide pidi pedi",
    "election": "eleccion",
    "flag": "bandera",
    "food": "comida comemos comer receta",
    "free": "libre libert",
    "freedom": "libert",
    "government": "gobierno gabinete",
    "hearing": "audiencia",
    "innocent": "inocente",
    "judge": "juez jueces",
    "law": "ley leyes",
    "life": "vida",
    "market": "mercado venden vender",
    "mayor": "alcalde",
    "minister": "ministro ministra ministerio",
    "parliament": "congreso parlamento",
    "police": "policia",
    "price": "precio cuesta cuestan",
    "prison": "prision carcel preso presa presos",
    "rain": "llueve lluvia",
    "release": "libert liberen",
    "resign": "renunci",
    "return": "vuelva vuelvan volver regres restitu",
    "road": "carretera via",
    "session": "sesion",
    "share": "compart",
    "shout": "grit",
    "street": "calle calles",
    "strike": "paro huelga",
    "trial": "juicio proceso",
    "vote": "vota voto",
    "weather": "clima lluev calor frio neblin tormenta temperatura viento nieve nublado",
}
"""What a model knows of Spanish: the beginnings of the words for an English one."""


@dataclass(frozen=True)
class Fit:
    """How well a text fits a meaning, and the clauses that do, as they are written, the best first."""

    score: int
    clauses: tuple[str, ...]


def fit(meaning: Meaning, text: str, *, with_name: bool = True) -> Fit:
    """Each clause counts a point for each word in common, and two for an example whose words are all in it."""
    beginnings = _beginnings([meaning.name.replace("_", " ")] if with_name else []) | _beginnings(
        _positive(meaning.definition)
    )
    examples = [found for example in meaning.examples if (found := _stems(example))]
    points = [(_points(clause, beginnings, examples), clause) for clause in clauses(text)]
    fitting = sorted((point for point in points if point[0]), key=lambda point: -point[0])
    return Fit(sum(score for score, _ in fitting), tuple(dict.fromkeys(clause for _, clause in fitting)))


def clauses(text: str) -> list[str]:
    """The parts of a text between its punctuation marks."""
    return [clause.strip() for clause in CLAUSE.findall(text) if clause.strip()]


def without_hashtags(text: str) -> str:
    return HASHTAG.sub(" ", text)


def excludes(definition: str, word: str) -> bool:
    """Whether a clause of a definition says that something does not count."""
    return any(word in clause.lower() for clause in clauses(definition) if NEGATIVE.search(clause.lower()))


def _positive(definition: str) -> list[str]:
    return [clause for clause in clauses(definition) if not NEGATIVE.search(clause.lower())]


def _beginnings(texts: Iterable[str]) -> frozenset[str]:
    """The beginnings of a text's words, and of their translations."""
    words = [word for text in texts for word in _words(text) if word not in IGNORED]
    translated = [spanish for word in words for spanish in SPANISH_FOR.get(_singular(word), "").split()]
    return frozenset([*map(_stem, words), *translated])


def _points(clause: str, beginnings: frozenset[str], examples: Sequence[frozenset[str]]) -> int:
    words = _words(clause)
    common = sum(any(_begins(word, beginning) for word in words) for beginning in beginnings)
    whole = sum(all(any(_begins(word, stem) for word in words) for stem in example) for example in examples)
    return common + 2 * whole


def _begins(word: str, beginning: str) -> bool:
    return word.startswith(beginning) if len(beginning) > 3 else word == beginning


def _stems(text: str) -> frozenset[str]:
    """Those of a quotation's own words; if all of them are ignored ones, of all."""
    words = _words(text)
    return frozenset(map(_stem, [word for word in words if word not in IGNORED] or words))


def _stem(word: str) -> str:
    """Without the last letters, in which the forms of a word differ."""
    return word[: max(4, len(word) - 2)]


def _singular(word: str) -> str:
    for ending in ("ing", "es", "s", "ed"):
        if word.endswith(ending) and word.removesuffix(ending) in SPANISH_FOR:
            return word.removesuffix(ending)
    return word


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", fold(text))
