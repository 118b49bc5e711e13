"""Captions as programs and people write them: nothing that is said gets lost, and no markup becomes text."""

import json
import time
from contextlib import suppress

import pytest

from gettok.download.caption_formats import _from_ms, _timed_text
from gettok.download.captions import MAX_BYTES, parse
from gettok.errors import Unusable

VTT = "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n"
SRT = "1\n00:00:01,000 --> 00:00:02,500\n"


def read(text, form):
    return [(cue["start_s"], cue["end_s"], cue["text"]) for cue in parse(text.encode(), form)]


def texts(text, form):
    return [cue["text"] for cue in parse(text.encode(), form)]


SPOKEN = "¿Qué pasó aquí, Perú? €5 — “sí”"


@pytest.mark.parametrize(("form", "head"), [("webvtt", VTT), ("srt", SRT)])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_captions_are_read_in_the_encodings_that_editors_save(form, head, encoding):
    text = ("\ufeff" if encoding.endswith("e") else "") + f"{head}{SPOKEN}\n"
    assert [cue["text"] for cue in parse(text.encode(encoding), form)] == [SPOKEN]


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_captions_as_json_are_read_in_these_encodings_too(encoding):
    line = {"start_time": 0, "end_time": 900, "text": "¿Qué pasó?"}
    data = json.dumps({"utterances": [line]}, ensure_ascii=False).encode(encoding)
    assert [cue["text"] for cue in parse(data, "creator_caption")] == ["¿Qué pasó?"]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("¿Qué pasó?".encode().replace(b"\xc3", b"", 1), "¿Qu\ufffd pasó?"),
        ("¿Qué \ufffd?".encode(), "¿Qué \ufffd?"),
        ("Привет всем людям".encode("cp1251"), "\ufffd"),
    ],
)
def test_damaged_captions_and_other_code_pages_are_not_taken_for_western_ones(data, text):
    (cue,) = parse(VTT.encode() + data, "webvtt")
    assert text in cue["text"]
    assert "Ã" not in cue["text"]


@pytest.mark.parametrize(("form", "head"), [("webvtt", VTT), ("srt", SRT)])
@pytest.mark.parametrize(
    "text",
    [
        "te <3 mucho y <3 a ti > todos",
        "<3 <3",
        "a < b and c > d, a<b and c>d",
        "<- izquierda, derecha ->",
        ">_< <_< <<nombre>> <Ana> <@ana> <0> <",
        "{risas} {Ana}: ya",
        "vamos --> allá",
        "NOTE esto",
        "R&B, AT&T",
        "2022",
        "\u200fمرحبا 👩\u200d👧 ❤️",
    ],
)
def test_what_is_no_markup_is_text(form, head, text):
    assert texts(f"{head}{text}\n", form) == [text]


@pytest.mark.parametrize(("form", "head"), [("webvtt", VTT), ("srt", SRT)])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<c.yellow.bg_blue>Hola</c> &amp; <i>adiós</i> &lt;3", "Hola & adiós <3"),
        ("<v.loud Ana María>Hola</v> <lang es-PE>chau</lang>", "Hola chau"),
        ("uno <00:00:01.500><c>dos</c> <00:02.000>tres", "uno dos tres"),
        ("<ruby>漢<rt>kan</rt></ruby>", "漢kan"),
        ('<font color="#ff0000" size=12><B>Hola</B></font><br/>mundo', "Hola mundo"),
        ("<i>Hola", "Hola"),
        ("<3 <b>Hola</b> <3", "<3 Hola <3"),
        ("{\\an8}Hola {\\pos(192,10)\\fad(1,2)}{\\i1}mundo{\\i0}", "Hola mundo"),
        ("<i>{\\an8}Hola</i>", "Hola"),
        ("&amp;lt;3 &nbsp;x&#233;", "&lt;3 xé"),
        ("&lt;i&gt;Hola&lt;/i&gt;", "<i>Hola</i>"),
        ("uno\n\tdos", "uno dos"),
    ],
)
def test_markup_is_no_text_and_entities_are_read_once(form, head, text, expected):
    assert texts(f"{head}{text}\n", form) == [expected]


@pytest.mark.parametrize("form", ["webvtt", "srt"])
@pytest.mark.parametrize(
    "times",
    [
        "00:00:01.000 --> 00:00:02.500",
        "00:00:01,000 --> 00:00:02,500",
        "00:01.000 --> 00:02.500 align:start position:0%",
        "0:0:1.0 --> 0:0:2.5",
        "00:00:01.0000 --> 00:00:02.5000",
        "00:00:01 --> 00:00:02.5",
        "00:00:01,000-->00:00:02,500",
        "00:00:01, 000 --> 00:00:02, 500",
        " 00:00:01,000 --> 00:00:02,500  X1:63 X2:223 Y1:43 Y2:58",
    ],
)
def test_a_time_costs_no_words_however_it_is_written(form, times):
    assert read(f"WEBVTT\n\n1\n{times}\nHola\n", form) == [(1, 2.5, "Hola")]
    assert read(f"1\n{times}\nHola\n", form) == [(1, 2.5, "Hola")]


NEXT = "00:00:03.000 --> 00:00:04.000\nDos\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{VTT}Uno\n\n{NEXT}", ["Uno", "Dos"]),
        (f"{VTT}Uno\n{NEXT}", ["Uno", "Dos"]),
        (f"{VTT}Uno\n2\n{NEXT}", ["Uno", "Dos"]),
        (f"{VTT}Uno\n\nsegunda\n{NEXT}", ["Uno", "Dos"]),
        (f"{VTT}Uno\n\n2\n\n{NEXT}", ["Uno", "Dos"]),
        (f"{VTT}2022\n\n{NEXT}", ["2022", "Dos"]),
        (f"{VTT}Año\n2022\n\n{NEXT}", ["Año 2022", "Dos"]),
        (f"{VTT}Año\n2022", ["Año 2022"]),
        (f"{VTT}Uno\n\nmás\n\n2\n{NEXT}", ["Uno más", "Dos"]),
        (f"{VTT}\n2\n{NEXT}", ["Dos"]),
        (f"{VTT}2\n{NEXT}", ["Dos"]),
        (f"{VTT}Uno\n\nNOTE a\nb\n\nSTYLE\n::cue {{}}\n\nREGION\nid:a\n\n{NEXT}", ["Uno", "Dos"]),
        (f"WEBVTT - a\nKind: captions\n\nNOTE b\n\nSTYLE\n::cue {{}}\n\n{NEXT}", ["Dos"]),
        (f"\n\n{NEXT}", ["Dos"]),
    ],
)
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\r\r\n"])
def test_numbers_comments_and_styles_are_no_text_and_empty_lines_end_none(text, expected, line_break):
    assert texts(text.replace("\n", line_break), "webvtt") == expected
    assert texts("\ufeff" + text.replace("\n", line_break), "srt") == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (1000, "2500", (1, 2.5)),
        ("1000", "2500.0", (1, 2.5)),
        (" 1000 ", 2500.4, (1, 2.5)),
        ("00:00:01,000", "00:00:02.500", (1, 2.5)),
        ("0:01", "00:02.5", (1, 2.5)),
        (1000, 1000, (1, 1)),
        (2500, "1000", (2.5, 2.5)),
        ("1000ms", "2.5 s", (1, 2.5)),
        ("1000,0", 2500, (1, 2.5)),
        (-100, 2500, (0, 2.5)),
        ("-100", 2500, (0, 2.5)),
        (1000, None, (1, 3)),
        (1000, "later", (1, 3)),
    ],
)
def test_a_time_that_arrives_as_text_costs_no_words(start, end, expected):
    utterances = [
        {"text": "Hola <3", "start_time": start, "end_time": end},
        {"text": "dos", "start_time": 3000, "end_time": 4000},
    ]
    found = read(json.dumps({"utterances": utterances}), "creator_caption")
    assert found == [(*expected, "Hola <3"), (3, 4, "dos")]


def test_the_last_cue_may_lack_its_end_and_a_number_is_text():
    utterances = [{"text": 2022, "start_time": 1000}]
    assert read(json.dumps({"utterances": utterances}), "creator_caption") == [(1, 1, "2022")]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ("-00:00:00.100 --> 00:00:04.000", (0, 4)),
        ("00:00:03:500 --> 00:00:04:250", (3.5, 4.25)),
        ("00:03:500 --> 00:04:250", (3.5, 4.25)),
    ],
)
@pytest.mark.parametrize(("form", "head"), [("webvtt", VTT), ("srt", SRT)])
def test_times_with_a_sign_or_a_colon_are_times(form, head, times, expected):
    assert sorted(read(f"{head}Uno\n\n{times}\nDos\n", form)) == sorted([(1, 2.5, "Uno"), (*expected, "Dos")])


@pytest.mark.parametrize("times", ["00:00:03:04:05 --> 00:00:04:05:06", "00:003.5 --> 00:004.5"])
@pytest.mark.parametrize(("form", "head"), [("webvtt", VTT), ("srt", SRT)])
def test_a_line_of_times_is_never_text(form, head, times):
    assert texts(f"{head}Uno\n\n{times}\nDos\n", form) == ["Uno Dos"]


def test_a_cue_that_ends_before_it_starts_keeps_its_words():
    assert read("WEBVTT\n\n00:02.000 --> 00:01.000\nHola\n", "webvtt") == [(2, 2, "Hola")]


@pytest.mark.parametrize(
    "piece",
    [
        "00:00:00.000 --> 00:00:01.000\nx\n\n",
        "<" * 50 + "\n",
        "<",
        "<b a=",
        '<b a="',
        "<b.a",
        "<v ",
        "{\\",
        " ",
        "9",
        "00:",
        "-->\n",
        "-->",
        "\n",
        "2\n",
        "&amp;" * 20,
    ],
)
@pytest.mark.parametrize("form", ["webvtt", "srt"])
def test_a_large_captions_file_is_read_within_seconds(form, piece):
    whole = VTT + piece * (MAX_BYTES // 10 // len(piece)) + " -->\n"
    began = time.monotonic()
    with suppress(Unusable):
        parse(whole.encode(), form)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("start", "seconds"),
    [
        (999_999_999, 999_999.999),
        (1_000_000_000, None),
        (1000.5, 1.0005),
        ("1000.5", 1.0005),
        ("00:01:02.5", 62.5),
        ("01:00:00", 3600.0),
        ("1,5s", 1.5),
        ("1.5S", 1.5),
        ("250ms", 0.25),
        (True, None),
        (None, None),
    ],
)
def test_a_time_in_milliseconds_is_read_in_each_form(start, seconds):
    assert _from_ms(start) == seconds


@pytest.mark.parametrize(
    ("line", "due"),
    [
        ("-00:00:01.000 --> 00:00:02.000", (-1.0, 2.0)),
        ("\u221200:00:01.000 --> +00:00:02.000", (-1.0, 2.0)),
        ("00:01:01.0006 --> 01:00:02.0004", (61.001, 3602.0)),
        ("00:00:01:500 --> 00:00:02:250", (1.5, 2.25)),
    ],
)
def test_each_sign_and_each_part_of_a_time_is_read(line, due):
    ((start, end, text),) = _timed_text(f"{line}\na")
    assert (start, end, text) == (*due, "a")


@pytest.mark.parametrize(("value", "text"), [(2022, "2022"), (2.5, "2.5"), (True, None), (None, None)])
def test_a_number_is_text_and_a_truth_value_is_none(value, text):
    line = {"start_time": 0, "end_time": 1000, "text": value}
    if text is None:
        with pytest.raises(Unusable, match="malformed"):
            texts(json.dumps({"utterances": [line]}), "creator_caption")
    else:
        assert texts(json.dumps({"utterances": [line]}), "creator_caption") == [text]
