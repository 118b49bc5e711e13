"""The places that the sandbox's model knows by name, and the words for places that have none."""

import re

from sandbox.model.stance_lexicon import fold

NEGATIVE = re.compile(r"\s*(?:no|not)\b", re.IGNORECASE)
KINDS = {
    "city": (
        "abancay|andahuaylas|arequipa|arica|ayacucho|bogota|buenos aires|cajamarca|callao|chiclayo|chimbote|chota|cusco"
        "|cuzco|huancavelica|huancayo|huanuco|huaraz|ica|ilave|iquitos|juliaca|la paz|lima|london|madrid|mexico city"
        "|moquegua|piura|pucallpa|puno|quito|santiago|sicuani|tacna|tarapoto|trujillo|tumbes"
    ),
    "region": "amazonas|ancash|apurimac|junin|la libertad|lambayeque|loreto|madre de dios|pasco|san martin|ucayali",
    "country": (
        "argentina|bolivia|brasil|brazil|chile|colombia|ecuador|espana|mexico|peru|spain|united states|venezuela"
    ),
    "square": "plaza|square",
    "building": (
        "aeropuerto|airport|estadio|stadium|hospital|mercado|market|palacio|palace|universidad|university|iglesia|church"
    ),
    "road": "avenida|calle|calles|carretera|puente|bridge|street",
}
PLURALS = {"cities": "city", "countries": "country", "towns": "city", "streets": "road"}


def names_places(words: str) -> bool:
    """Whether a question is about places."""
    return bool(re.search(r"\b(?:place|places|location|locations)\b", words.lower()) or _kinds(words))


def places(text: str, definition: str) -> list[str]:
    """The places in a text, as they are written, each once; only of the kinds that the definition names, if any."""
    included = [clause for clause in re.split(r"[.;:]", definition) if not NEGATIVE.match(clause)]
    kinds = _kinds(" ".join(included)) or list(KINDS)
    names = "|".join(KINDS[kind] for kind in kinds)
    found = re.finditer(rf"\b(?:{names})\b", _without_accents(text))
    written: dict[str, str] = {}
    for match in found:
        written.setdefault(match[0], text[match.start() : match.end()])
    return list(written.values())


def _kinds(words: str) -> list[str]:
    mentioned = {PLURALS.get(word, word.removesuffix("s")) for word in re.findall(r"\w+", words.lower())}
    return [kind for kind in KINDS if kind in mentioned]


def _without_accents(text: str) -> str:
    """Folded letter by letter, so that places in it are places in the text."""
    return "".join(fold(letter)[:1] or " " for letter in text)
