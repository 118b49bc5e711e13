"""The cues in files of captions: WebVTT, SRT and the JSON of TikTok's editor.

The files come from several programs and from people, so what a strict reader of a format refuses is read where its
meaning is plain: webvtt-py 0.6 drops a cue for a comma in a WebVTT time, or for an SRT time without hours, and a whole
SRT file for an empty first line.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

from gettok.errors import Unusable
from gettok.http.json_guards import to_mappings
from gettok.step import Json

#: Start and end in seconds, and text, none of them checked yet.
Cue = tuple[Json, Json, Json]

#: The marks at the beginning of a file that name its encoding; that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: The text format of a time: hours may be absent, and a fraction may follow a comma.
_CLOCK = r"(?:([0-9]+):)?([0-9]{1,2}):([0-9]{1,2})(?:[.,] ?([0-9]+))?"
#: In a timing line, a sign may come first, as of captions that were moved, and `:` before three digits of a fraction.
_TIMED = r"([-+\u2212]?)(?:([0-9]+):)?([0-9]{1,2}):([0-9]{1,2})(?:(?:[.,] ?|:(?=[0-9]{3}(?![0-9])))([0-9]+))?"
_TIMING = re.compile(rf"\s*{_TIMED}\s*-->\s*{_TIMED}(?![0-9:])")
#: A line of times that cannot be read is not text either.
_BROKEN_TIME = r"\s*[-+\u2212]?[0-9]+:[0-9:.,]*\s*"
_BROKEN_TIMING = re.compile(rf"{_BROKEN_TIME}-->{_BROKEN_TIME}(?:$|(?<=\s))")
_REPLACEMENT = "\ufffd"
_LINE_BREAK = re.compile(r"\r\r\n|\r\n|\r|\n")
_INDEX = re.compile(r"\s*[0-9]+[.:]?\s*")
_COMMENT = re.compile(r"NOTE(?:\s|$)|(?:STYLE|REGION)\s*$")


def decoded(data: bytes) -> str:
    """The text of a file: by the mark at its beginning, or as UTF-8, or as Windows-1252, which includes Latin-1."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
        text = data.decode("cp1252", "replace") if encoding == "utf-8" and _is_western(text) else text
    return text.removeprefix("\ufeff")


def _is_western(text: str) -> bool:
    """Whether a text that is not valid UTF-8 looks like Windows-1252: few letters of it are not ASCII.

    A damaged text in UTF-8 has more valid letters beyond ASCII than bytes that are none, and one in another code page
    has few letters of ASCII.
    """
    lost = text.count(_REPLACEMENT)
    beyond = sum(not letter.isascii() for letter in text) - lost
    return beyond < lost < sum(letter.isascii() and letter.isalpha() for letter in text)


def _timed_text(text: str) -> Iterator[Cue]:
    """WebVTT or SRT: the line with a cue's times, and the text up to the next one's.

    Text after an empty line is the cue's, too, as people's own captions have empty lines; comments and styles are not.
    """
    lines = _LINE_BREAK.split(text)
    timings = [(number, found) for number, line in enumerate(lines) if (found := _timing(line))]
    for (number, timing), (following, _) in pairwise([*timings, (len(lines), None)]):
        assert timing is not None
        between = lines[number + 1 : following]
        shown = _without_comments(between if following == len(lines) else _without_identifier(between))
        times = timing.groups()
        yield _signed(*times[:5]), _signed(*times[5:]), _plain("\n".join(shown))


def _timing(line: str) -> re.Match[str] | None:
    return _TIMING.match(line) if "-->" in line else None


def _without_identifier(lines: Sequence[str]) -> Sequence[str]:
    """The lines between two cues' times without the name of the second.

    A name touches its times. It is a number, or the one line of its block. A number alone between empty lines is a
    name, too, as in a file whose line breaks were doubled; one that only follows text belongs to the text.
    """
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    touches_times, starts_block = end == len(lines), end > 1 and not lines[end - 2].strip()
    if end and _INDEX.fullmatch(lines[end - 1]):
        is_name = touches_times or starts_block
    else:
        is_name = touches_times and starts_block
    return lines[: end - 1] if is_name else lines


def _without_comments(lines: Sequence[str]) -> Iterator[str]:
    """Nor lines of times that cannot be read."""
    skipping = False
    for before, line in pairwise(["-->", *lines]):
        if not before.strip():
            skipping = bool(_COMMENT.match(line))
        if not (skipping or ("-->" in line and _BROKEN_TIMING.match(line))):
            yield line


def _signed(sign: str, hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    time = _seconds(hours, minutes, seconds, fraction)
    return -time if sign in {"-", "\u2212"} else time


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    """Infinite if it has more digits than a video can last."""
    whole = float(hours or 0) * 3600 + float(minutes) * 60 + float(seconds)
    return round(whole + float(f"0.{fraction or 0}"), 3)


#: What is markup between `<` and `>`, all else is text, such as a heart: WebVTT's tags with classes, those of SRT with
#: attributes, speakers and languages, and the times of words. No part runs past another `<`, so this takes linear time.
_TAG = re.compile(
    rf"""</?(?:[bcisu]|em|strong|strike|font|span|ruby|rt|br)(?:\.[^\s<>.]+)*
         (?:\s+[\w-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+))*\s*/?>
       | </?(?:v|lang)(?:\.[^\s<>.]+)*(?:\s[^<>]*)?>
       | <{_CLOCK}>""",
    re.VERBOSE | re.IGNORECASE,
)
#: Placement and style of a line in SRT, as in SubStation Alpha: `{\an8}`.
_OVERRIDE = re.compile(r"\{\\[^{}]*\}")


def _plain(text: str) -> str:
    return _TAG.sub(lambda tag: "\n" if tag[0].lower().startswith("<br") else "", _OVERRIDE.sub("", text))


def _utterances(text: str) -> Iterator[Cue]:
    """JSON with `utterances`, whose times are in milliseconds. Raises `Unusable`: malformed."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unusable("malformed", "no JSON") from error
    lines = whole.get("utterances") if isinstance(whole, dict) else whole
    cues = [
        (_from_ms(line.get("start_time")), _from_ms(line.get("end_time")), _text(line.get("text")))
        for line in to_mappings(lines)
    ]
    for (start, end, words), (following, *_) in pairwise([*cues, (None, None, None)]):
        known = next((time for time in (end, following) if time is not None), start)
        yield start, known, words


def _text(value: Json) -> Json:
    """A number, such as a year, is text as well."""
    return str(value) if type(value) in (int, float) else value


_MAX_MS = 1e9
#: A number, its decimals, and its unit.
_NUMBER = re.compile(r"(-?[0-9]{1,12}(?:[.,][0-9]+)?)\s*(ms|s|)", re.IGNORECASE)


def _from_ms(time: Json) -> Json:
    """Seconds. Text is a number all the same, with a unit or without, or a clock's: `1500`, `1.5s`, `00:00:01,500`."""
    if isinstance(time, str):
        if clock := re.fullmatch(_CLOCK, time.strip()):
            return _seconds(*clock.groups())
        number = _NUMBER.fullmatch(time.strip())
        factor = 1000 if number and number[2].lower() == "s" else 1
        time = float(number[1].replace(",", ".")) * factor if number else None
    return time / 1000 if type(time) in (int, float) and abs(time) < _MAX_MS else None


#: Each format's file suffix and parser, best first.
FORMATS: Mapping[str, tuple[str, Callable[[str], Iterable[Cue]]]] = MappingProxyType(
    {
        "webvtt": (".vtt", _timed_text),
        "srt": (".srt", _timed_text),
        "creator_caption": (".json", _utterances),
    }
)
