"""Plans the corpus: each video's date, author, kind and stance, all drawn from one seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sandbox.corpus.language import STANCES

SEED = 20221207

#: The kinds of difficult videos; all others are plain.
HARD_KINDS = (
    "private",
    "private_account",
    "removed",
    "region_locked",
    "slideshow",
    "truncated",
    "html",
    "no_audio",
    "silence",
    "music",
    "hevc",
    "rotated",
    "variable_rate",
    "english",
    "stance_on_screen",
    "stance_in_caption",
)

#: The number of videos per day. The last two days are for studies that grow by a day.
_DAYS = {
    "2022-11-20": 1,
    "2022-11-25": 1,
    "2022-12-05": 1,
    "2022-12-07": 6,
    "2022-12-08": 4,
    "2022-12-09": 3,
    "2022-12-11": 3,
    "2022-12-12": 3,
    "2022-12-14": 4,
    "2022-12-15": 3,
    "2022-12-20": 2,
    "2023-01-04": 1,
    "2023-01-09": 3,
    "2023-01-18": 2,
    "2023-01-19": 3,
    "2023-01-22": 1,
    "2023-02-10": 1,
    "2023-02-28": 2,
    "2023-03-01": 2,
}

#: The days of the difficult videos, spread so that a study of a few days has some of them.
_HARD_DAYS = {
    "2022-12-07": ("removed", "silence"),
    "2022-12-08": ("truncated", "stance_on_screen"),
    "2022-12-09": ("private",),
    "2022-12-11": ("hevc", "rotated"),
    "2022-12-12": ("music",),
    "2022-12-14": ("slideshow", "html"),
    "2022-12-15": ("variable_rate",),
    "2023-01-09": ("no_audio", "region_locked"),
    "2023-01-18": ("english",),
    "2023-01-19": ("stance_in_caption",),
    "2023-02-28": ("private_account",),
}

_USERS = (
    "wayra.demo",
    "sol_de_prueba",
    "puno.sintetico",
    "noticias.ejemplo",
    "lima_ficticia",
    "quilla.prueba",
    "la_voz_del_demo",
    "andes.muestra",
    "maestra.ejemplo",
    "cholo_sintetico",
    "tu_canal_demo",
    "ayacucho.prueba",
    "rondero.muestra",
    "prensa_ficticia",
    "cusco.ejemplo",
    "vecina_demo",
    "inti.sintetico",
    "arequipa.muestra",
    "debate_ficticio",
    "juventud.ejemplo",
    "mercado_demo",
    "plaza.sintetica",
    "tambo.prueba",
    "opina_ejemplo",
)


@dataclass(frozen=True)
class PlannedVideo:
    """A video to be generated. `matches` is whether the Peru study's query finds it."""

    number: int
    kind: str
    stance: str
    created_at: int
    video_id: str
    username: str
    region: str
    matches: bool

    def rng(self, what: str) -> random.Random:
        """A random generator for this video, so that changing one video does not change the others."""
        return random.Random(f"{SEED}/{self.number}/{what}")


def planned_videos() -> list[PlannedVideo]:
    """All videos in order of publication."""
    return [_planned_video(number, *row) for number, row in enumerate(_rows())]


def _rows() -> Iterator[tuple[str, str, bool]]:
    """The day and kind of each video, and whether the query finds it."""
    for day, count in _DAYS.items():
        difficult = _HARD_DAYS.get(day, ())
        yield from ((day, kind, True) for kind in difficult)
        yield from ((day, "plain", True) for _ in range(count - len(difficult)))
    yield from ((day, "elsewhere", False) for day in ("2022-12-07", "2022-12-15", "2023-01-19"))
    yield from ((day, "off_topic", False) for day in ("2022-12-08", "2022-12-14", "2023-03-01"))


def _planned_video(number: int, day: str, kind: str, matches: bool) -> PlannedVideo:
    rng = random.Random(f"{SEED}/{number}")
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(seconds=rng.randint(3600, 86_000))
    created_at = int(moment.timestamp())
    # an id encodes the second of the upload; publication is later, for the scheduled video by days
    delay = 219_361 if kind == "hevc" else rng.randint(20, 135)
    stance = "neutral" if kind == "off_topic" else STANCES[number % 3]
    region = ("CL", "CO", "US")[number % 3] if kind == "elsewhere" else "PE"
    video_id = str(((created_at - delay) << 32) + rng.getrandbits(31))
    username = rng.choice(_USERS)
    return PlannedVideo(number, kind, stance, created_at, video_id, username, region, matches)
