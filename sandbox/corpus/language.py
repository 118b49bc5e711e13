"""The speech in the demo's videos: a grammar of short Spanish sentences about Peru in December 2022.

A sentence is a template whose slots are filled until none is left, so a few hundred words give many
thousands of sentences: more than a small speech model can learn by heart. The template alone decides the
stance towards Pedro Castillo as President of Peru; slots shared between stances are neutral.

A hash of a sentence's words (without capitals and punctuation) assigns it permanently to `train` or to
`held_out`: the speech model is trained on the first, and the corpus uses only the second.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Split = Literal["train", "held_out"]
STANCES = ("support", "no support", "neutral")
HELD_OUT_OF_256 = 26  # about 10 %
_SLOT = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Sentence:
    """A spoken sentence as a person would write it, and the stance that it expresses."""

    text: str
    stance: str


def _choices(text: str) -> tuple[str, ...]:
    return tuple(choice.strip() for choice in text.split("|"))


SLOTS: Mapping[str, tuple[str, ...]] = {
    # who
    "el_c": _choices("Castillo | Pedro Castillo | el presidente Castillo | el profesor Castillo"),
    "al_c": _choices("a Castillo | a Pedro Castillo | al presidente Castillo | al profesor Castillo"),
    "del_c": _choices("de Castillo | de Pedro Castillo | del presidente Castillo | del profesor Castillo"),
    "el_x": _choices("Castillo | Pedro Castillo | el señor Castillo | el expresidente Castillo"),
    "al_x": _choices("a Castillo | a Pedro Castillo | al señor Castillo | al expresidente Castillo"),
    "del_x": _choices("de Castillo | de Pedro Castillo | del señor Castillo | del expresidente Castillo"),
    "ellos": _choices(
        "los campesinos | los ronderos | los estudiantes | los maestros | las mujeres | los vecinos | las madres"
        " | los obreros | los comuneros | los jóvenes | los trabajadores | los comerciantes | las familias"
        " | los abuelos | los mineros | los pescadores | miles de personas | {cuantos} ciudadanos | mis hermanos"
        " | los taxistas | los agricultores | las vendedoras"
    ),
    "gente": _choices(
        "el pueblo | la gente | mi familia | el sur | nuestra comunidad | todo el barrio | mi abuela"
    ),
    "poder": _choices(
        "el Congreso | la presidenta Boluarte | Dina Boluarte | la fiscalía | el juez | el gobierno | la policía"
        " | el ministro | el tribunal | la comisión | el gabinete | el alcalde"
    ),
    # where and when
    "lugar": _choices(
        "Puno | Cusco | Lima | Ayacucho | Arequipa | Juliaca | Cajamarca | Huancayo | Apurímac | Huancavelica"
        " | Tacna | Ica | Trujillo | Chota | Andahuaylas | Abancay | Piura | Iquitos | Moquegua | Loreto"
    ),
    "sitio": _choices(
        "en la plaza | en el centro | en la avenida | en el puente | en la carretera | en el mercado"
        " | en el aeropuerto | en la universidad | en las calles | frente al palacio | cerca del estadio"
    ),
    "donde": _choices("en {lugar} | en {lugar} | desde {lugar} | {sitio} | {sitio} de {lugar}"),
    "cuando": _choices(
        "hoy | ayer | esta mañana | esta noche | esta tarde | el {dia} | el {numero} de {mes} | a las {hora}"
        " | desde el {dia} | hace {numero} días | la semana pasada | ahora | el {dia} por la {parte}"
    ),
    "dia": _choices("lunes | martes | miércoles | jueves | viernes | sábado | domingo"),
    "parte": _choices("mañana | tarde | noche"),
    "mes": _choices("noviembre | diciembre | enero | febrero | marzo | julio | abril"),
    "hora": _choices("dos | tres | cuatro | cinco | seis | siete | ocho | nueve | diez | once | doce"),
    "numero": _choices(
        "dos | tres | cuatro | cinco | seis | siete | ocho | nueve | diez | once | doce | trece | catorce"
        " | quince | dieciséis | diecisiete | dieciocho | diecinueve | veinte | veintiuno | veintidós"
        " | veintitrés | veinticuatro | veinticinco | veintiséis | veintisiete | veintiocho | treinta"
    ),
    "cuantos": _choices(
        "{numero} | {decena} | {decena} y {unidad} | {centena} | {hora} mil | {centena} {decena}"
    ),
    "decena": _choices("treinta | cuarenta | cincuenta | sesenta | setenta | ochenta | noventa"),
    "unidad": _choices("dos | tres | cuatro | cinco | seis | siete | ocho | nueve"),
    "centena": _choices("cien | doscientos | trescientos | quinientos | mil | dos mil"),
    # support
    "apoyan": _choices(
        "apoyan {al_c} | defienden {al_c} | respaldan {al_c} | exigen la libertad {del_c} | creen en {el_c}"
        " | piden la restitución {del_c} | marchan por la libertad {del_c} | luchan por {el_c} | confían en {el_c}"
    ),
    "apoya": _choices(
        "apoya {al_c} | defiende {al_c} | respalda {al_c} | exige la libertad {del_c} | cree en {el_c}"
        " | pide la restitución {del_c} | está con {el_c} | confía en {el_c}"
    ),
    "es_bueno": _choices(
        "es inocente | es el presidente legítimo | es nuestro presidente | no está solo | fue secuestrado"
        " | merece volver | sigue siendo mi presidente | es un hombre honesto | representa al pueblo"
        " | ganó las elecciones limpiamente | es víctima de una injusticia"
    ),
    # no support
    "rechazan": _choices(
        "rechazan {al_x} | exigen prisión para {el_x} | condenan el golpe {del_x} | repudian {al_x}"
        " | quieren {al_x} en la cárcel | celebran la vacancia {del_x} | denuncian la corrupción {del_x}"
    ),
    "rechaza": _choices(
        "rechaza {al_x} | exige prisión para {el_x} | condena el golpe {del_x} | repudia {al_x}"
        " | quiere {al_x} en la cárcel | celebra la vacancia {del_x} | denuncia la corrupción {del_x}"
    ),
    "es_malo": _choices(
        "es un golpista | es un corrupto | es un dictador | dio un golpe de estado | traicionó al pueblo"
        " | nos robó la democracia | mintió a todo el país | fue un pésimo presidente | debe seguir preso"
        " | merece la cárcel | es un incapaz | quiso cerrar el Congreso como dictador"
    ),
    # neutral
    "hacen": _choices(
        "caminan | cantan | esperan noticias | bloquean la vía | regresan a casa | reparten agua | preparan la comida"
        " | llegan en camiones | hablan con la prensa | se reúnen | levantan banderas | tocan sus tambores"
        " | cierran sus tiendas | piden diálogo | piden paz | votan temprano | descansan | miran la televisión"
    ),
    "anuncia": _choices(
        "anuncia nuevas elecciones | debate el adelanto de elecciones | publica un comunicado | suspende la sesión"
        " | declara el estado de emergencia | revisa el presupuesto | aprueba una ley sobre {tema}"
        " | responde a la prensa | convoca una reunión sobre {tema} | presenta un informe sobre {tema}"
        " | aplaza la votación | cambia la fecha de la audiencia | viaja a {lugar}"
    ),
    "tema": _choices(
        "salud | educación | transporte | agricultura | turismo | el agua | los precios | la vivienda | el empleo"
        " | las carreteras | la minería | los hospitales"
    ),
    "clima": _choices(
        "llueve mucho | hace frío | hace calor | hay neblina | sale el sol | cae nieve | sopla el viento"
        " | el cielo está nublado | bajó la temperatura | hay tormenta"
    ),
    "plato": _choices(
        "ceviche | papa rellena | lomo saltado | ají de gallina | pan con queso | sopa de quinua | arroz con pollo"
        " | anticuchos | causa limeña | mazamorra | tallarines verdes | trucha frita"
    ),
    "baile": _choices(
        "el huaino | la marinera | el carnaval | la saya | el festejo | la cumbia | la diablada"
    ),
    "cosa": _choices(
        "papas | maíz | flores | ponchos | sombreros | zapatos | frutas | libros | mantas | juguetes"
    ),
    "precio": _choices("{numero} soles | {decena} soles | {decena} y {unidad} soles | cien soles"),
    # English
    "they": _choices("the farmers | the students | the teachers | many people | the workers | my friends"),
    "do": _choices(
        "are walking to the square | wait for the news | sing together | go back home | close the road | talk about"
        " the weather | cook rice and chicken | dance all night"
    ),
    "place": _choices("in Lima | in Cusco | in Puno | near the airport | on the bridge | at the market"),
    "when": _choices("today | this morning | tonight | on {day} | at {hour} o'clock | since {day}"),
    "day": _choices("Monday | Tuesday | Wednesday | Thursday | Friday | Saturday | Sunday"),
    "hour": _choices("two | three | four | five | six | seven | eight | nine | ten"),
    "news": _choices(
        "the congress is meeting again | the president speaks to the press | it is raining a lot | the bus is late"
        " | there is a festival | the elections may come early | we are filming the march"
    ),
}

TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "support": (
        "{ellos} {apoyan} {donde}.",
        "{cuando} {ellos} {apoyan}.",
        "{gente} de {lugar} {apoya}.",
        "{cuando} {gente} {apoya} {donde}.",
        "{el_c} {es_bueno} y {ellos} lo saben.",
        "{donde} {ellos} dicen que {el_c} {es_bueno}.",
        "¡Fuerza, presidente Castillo, {lugar} está contigo!",
        "¡Libertad para {el_c}, gritan {ellos}!",
        "¡Viva {el_c}, {lugar} {apoya}!",
        "¡Que vuelva {el_c}, {gente} lo espera {donde}!",
        "Desde {lugar} te apoyamos, presidente Castillo.",
        "Yo voté por {el_c} y {cuando} salgo a defenderlo.",
        "Aunque {clima}, {ellos} {apoyan}.",
        "¿Por qué está detenido {el_c}, si {es_bueno}?",
        "Mi presidente es {el_c} y {cuando} marcho por su libertad {donde}.",
    ),
    "no support": (
        "{ellos} {rechazan} {donde}.",
        "{cuando} {ellos} {rechazan}.",
        "{gente} de {lugar} {rechaza}.",
        "{cuando} {gente} {rechaza} {donde}.",
        "{el_x} {es_malo} y {ellos} lo saben.",
        "{donde} {ellos} dicen que {el_x} {es_malo}.",
        "¡Que {el_x} siga preso, gritan {ellos}!",
        "¡Castillo nunca más, {lugar} {rechaza}!",
        "¡Fuera Castillo, {gente} ya no te quiere!",
        "{el_x} {es_malo}, por eso {cuando} marcho contra él.",
        "Aunque {clima}, {ellos} {rechazan}.",
        "¿Quién quiere {al_x}, si {es_malo}?",
        "Yo no quiero {al_x}, {es_malo}.",
        "La vacancia {del_x} fue justa, dicen {ellos} {donde}.",
    ),
    "neutral": (
        "{cuando} {ellos} {hacen} {donde}.",
        "{ellos} {hacen} y {ellos} {hacen}.",
        "{donde} {ellos} {hacen}, {clima}.",
        "{cuando} {poder} {anuncia}.",
        "{poder} {anuncia} {cuando}.",
        "Noticia urgente, {poder} {anuncia}.",
        "La audiencia de Castillo será el {numero} de {mes}.",
        "Hay {cuantos} asistentes {sitio} de {lugar}.",
        "{cuando} {clima} en {lugar}.",
        "{clima} y {ellos} {hacen} {donde}.",
        "{cuando} comemos {plato} y {plato} {donde}.",
        "Mi receta de {plato} lleva {numero} ingredientes.",
        "{donde} bailamos {baile} con {ellos}.",
        "{cuando} aprendo a bailar {baile} {donde}.",
        "{ellos} venden {cosa} y {cosa} a {precio}.",
        "El bus a {lugar} cuesta {precio} y sale a las {hora}.",
        "¿A qué hora sale el bus a {lugar}?",
        "¿Cuánto cuestan {cosa} y {cosa} {donde}?",
        "Faltan {numero} días para el {numero} de {mes}.",
    ),
    "english": (
        "{they} {do} {place} {when}.",
        "{when} {they} {do}.",
        "{news} and {they} {do}.",
        "{place} {news}.",
        "Hello everyone, {when} {news} {place}.",
        "{they} {do} because {news}.",
    ),
}


def _fill(template: str, rng: random.Random) -> str:
    """Fill every slot, and the slots inside the fillings; a template never uses the same choice twice."""
    taken: set[str] = set()

    def fill(match: re.Match[str]) -> str:
        choices = [choice for choice in SLOTS[match[1]] if choice not in taken]
        choice = rng.choice(choices)
        taken.add(choice)
        return choice

    while _SLOT.search(template):
        template = _SLOT.sub(fill, template)
    return template


def _as_written(filled: str) -> str:
    """Capitalise the first letter, after an opening punctuation mark if there is one."""
    first = next(place for place, letter in enumerate(filled) if letter.isalpha())
    return filled[:first] + filled[first].upper() + filled[first + 1 :]


def words(text: str) -> list[str]:
    """The words alone, in lower case and with accents; they decide the split."""
    return _WORD.findall(text.lower())


def split_of(text: str) -> Split:
    digest = hashlib.sha256(" ".join(words(text)).encode()).digest()
    return "held_out" if digest[0] < HELD_OUT_OF_256 else "train"


def _drawn(kind: str, rng: random.Random) -> str:
    return _as_written(_fill(rng.choice(TEMPLATES[kind]), rng))


def _endless(rng: random.Random, split: Split, stance: str | None) -> Iterator[Sentence]:
    while True:
        kind = stance or rng.choice(STANCES)
        text = _drawn(kind, rng)
        if split_of(text) == split:
            yield Sentence(text, kind)


def sentences(seed: int, n: int, split: Split, stance: str | None = None) -> list[Sentence]:
    """`n` distinct sentences of one split, deterministic by seed; of one stance, or of all three.

    No two sentences have the same words, so none differ only by punctuation.
    """
    rng = random.Random(f"{seed}/{split}/{stance}")
    by_words: dict[str, Sentence] = {}
    for sentence in _endless(rng, split, stance):
        if len(by_words) == n:
            break
        by_words.setdefault(" ".join(words(sentence.text)), sentence)
    return list(by_words.values())


def english(seed: int, n: int, split: Split = "held_out") -> list[Sentence]:
    """`n` distinct English sentences, all neutral, for the only video that is not in the study's language."""
    rng = random.Random(f"{seed}/{split}/english")
    by_words: dict[str, Sentence] = {}
    while len(by_words) < n:
        text = _drawn("english", rng)
        if split_of(text) == split:
            by_words.setdefault(" ".join(words(text)), Sentence(text, "neutral"))
    return list(by_words.values())
