"""Classifies stance by counting phrases: a simple lexicon for Spanish political speech.

The target is Pedro Castillo as president of Peru. `*` ends a word's stem. The longest phrase wins, so that
`preso político` does not count as `preso`. A negation shortly before a phrase, in the same clause, reverses it.
"""

import re
import unicodedata
from dataclasses import dataclass

FOR = """
    apoy* | respald* | defend* | restitu* | repong* | reposicion | libert* | liber* | inocente | leal*
    esperanza | orgullo | fuerza | fuerza presidente | fuerza castillo | viva | viva castillo
    arriba castillo | hermano presidente | presidente legitimo | legitimo presidente
    presidente constitucional | presidente del pueblo | mi presidente | nuestro presidente | estamos contigo
    estoy contigo | no estas solo | no esta solo | que vuelva | que regrese | secuestr* | injust*
    preso politico | persecucion | perseguido | usurpador* | asesina | dictadora | traidora | dina asesina
    dina renuncia | que renuncie dina | fuera dina | congreso golpista | golpe del congreso
    golpe del congreso golpista | cierre del congreso | cierren el congreso | nueva constitucion
    asamblea constituyente | fuerzacastillo | libertadparacastillo | castillopresidente | dinaasesina
"""
AGAINST = """
    golpista* | autogolpe | golpe de castillo | dictador | dictadura de castillo | tirano | corrup* | coim*
    mafia | ladron* | robo | robar* | robando | delincuen* | criminal* | organizacion criminal | preso
    carcel | prision | condena* | culpable | vacancia | vacar* | vacado | destitu* | incapa*
    incapacidad moral | inept* | mentir* | mintio | engan* | traidor | traicion* | traiciono | comunista*
    terruco* | fracas* | vergüenza | rechaz* | repudi* | basta | fuera castillo | que renuncie castillo
    que se vaya | bien hecho | nunca mas | castillogolpista | castillocorrupto
"""
NEGATIONS = frozenset({"no", "nunca", "jamas", "ni", "sin", "tampoco", "ningun", "ninguna"})
NEGATION_REACH = 3
"""A negation reverses a phrase if it is among this many words before it."""


@dataclass(frozen=True, slots=True)
class LexiconScore:
    support: int
    opposition: int
    phrases: tuple[str, ...]
    """As in the text, with their negation."""

    @property
    def balance(self) -> int:
        return self.support - self.opposition

    @property
    def confidence(self) -> float:
        """From 0.5 (no phrases, or a tie) towards 1 (many phrases, all on one side)."""
        count = self.support + self.opposition
        margin = abs(self.balance) / count if count else 0.0
        return round(0.5 + 0.5 * margin * (1 - 0.5**count), 2)


def lexicon_score(text: str) -> LexiconScore:
    words = re.findall(r"\w+|[^\w\s]|\n", text)
    folded = [fold(word) for word in words]
    support = opposition = at = 0
    phrases = []
    while at < len(words):
        length, side = _longest(folded, at)
        if not length:
            at += 1
            continue
        negation = _negation(folded, at)
        signed = -side if negation is not None else side
        support, opposition = support + (signed > 0), opposition + (signed < 0)
        phrases.append(" ".join(words[at if negation is None else negation : at + length]))
        at += length
    return LexiconScore(support, opposition, tuple(phrases))


def fold(word: str) -> str:
    """Without letter case and accents, as speech recognition and OCR lose both; ñ becomes n."""
    decomposed = unicodedata.normalize("NFD", word.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _phrases(text: str, side: int) -> list[tuple[list[str], int]]:
    parts = re.split(r"[|\n]", text)
    return [([fold(word) for word in part.split()], side) for part in parts if part.strip()]


PHRASES = sorted(_phrases(FOR, 1) + _phrases(AGAINST, -1), key=lambda phrase: -len(phrase[0]))


def _longest(folded: list[str], at: int) -> tuple[int, int]:
    """How many words match here, and for which side; 0 if none."""
    for pattern, side in PHRASES:
        here = folded[at : at + len(pattern)]
        if len(here) == len(pattern) and all(map(_fits, pattern, here)):
            return len(pattern), side
    return 0, 0


def _fits(pattern: str, word: str) -> bool:
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern


def _negation(folded: list[str], at: int) -> int | None:
    """The position of the negation of the phrase at `at`, if any; `no más …` rejects a thing and does not negate it."""
    for place in range(at - 1, max(-1, at - 1 - NEGATION_REACH), -1):
        if not folded[place].isalnum():
            return None
        if folded[place] in NEGATIONS:
            return None if folded[place + 1] == "mas" else place
    return None
