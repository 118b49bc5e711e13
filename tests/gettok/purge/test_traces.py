"""What is a trace and what is not, and that none is lost on the way to the disk."""

import csv
import json
import sqlite3
import zlib
from itertools import pairwise

import polars as pl
import pytest

from gettok.collect.erased import Erased
from gettok.collect.tombstones import sha256
from gettok.errors import Damaged
from gettok.purge.gathering import gather
from gettok.purge.matching import Matcher
from gettok.purge.search import TraceSearch
from gettok.purge.traces import FILE, Traces
from gettok.purge.words import LEAST_BYTES, MOST_WINDOWS, WINDOW, windows, words

GONE, KEPT = "7167989075250809649", "7174213904290307931"
OWN = "Hoy marchamos juntos por la calle grande hasta el puente viejo y volvemos de noche a casa"
COMMON = "Este mismo texto lo tiene también otro video que nadie pidió borrar de la colección"


def test_a_short_text_is_no_trace():
    assert windows("Que viva el Perú, carajo") == []
    assert windows("a b c d e f g h") == [], f"fewer than {LEAST_BYTES} bytes"
    assert len(windows("Que viva el Perú, carajo, siempre")) == 1


def test_windows_of_a_text_neither_overlap_nor_touch_and_have_both_ends():
    for count in range(WINDOW, 200):
        text = [f"palabra{number}" for number in range(count)]
        every = {trace: at for at in range(count) for trace in windows(" ".join(text[at : at + WINDOW]))[:1]}
        starts = [every[trace] for trace in windows(" ".join(text))]
        assert 1 <= len(starts) <= MOST_WINDOWS
        assert starts[0] == 0
        assert all(after - before > WINDOW for before, after in pairwise(starts)), count
        if count > 2 * WINDOW:
            assert starts[-1] == count - WINDOW


def test_languages_that_put_no_spaces_between_words_have_windows():
    caption = "今天我们一起去广场支持人民的要求"
    assert windows(caption)
    traces = Traces(Erased(frozenset({"x"})), frozenset(windows(caption)))
    assert TraceSearch(traces).look(f"前面的话{caption}后面的话".encode())[0]


def table(path, *rows: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows).write_parquet(path)


def answers(path, *rows: tuple[str, object, dict]) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE answers (subject TEXT, body BLOB, blobs TEXT)")
    packed = [
        (about, zlib.compress(json.dumps(body).encode()), json.dumps(blobs)) for about, body, blobs in rows
    ]
    database.executemany("INSERT INTO answers VALUES (?, ?, ?)", packed)
    database.commit()
    database.close()


def erased(*, users: tuple[str, ...] = (), comments: tuple[str, ...] = ()) -> Erased:
    return Erased(frozenset({sha256(GONE)}), frozenset(map(sha256, comments)), frozenset(map(sha256, users)))


def test_texts_and_files_of_the_erased_are_traces_and_those_of_others_are_not(tmp_path):
    medium, shared = b"m" * 200, b"s" * 200
    table(
        tmp_path / "data" / "videos.parquet",
        {"video_id": GONE, "description": OWN, "image": medium, "text": COMMON},
        {"video_id": GONE, "description": None, "image": shared, "text": None},
        {"video_id": KEPT, "description": "kort", "image": shared, "text": COMMON},
    )
    traces = gather(erased(), [tmp_path / "data"]).sought()
    assert traces.texts == set(windows(OWN))
    assert TraceSearch(traces).look(f"«{OWN}»".encode())[0]
    assert TraceSearch(traces).look(f"«{COMMON}»".encode()) == ((), ())
    assert [found.kind for found in TraceSearch(traces).look(medium)[0]] == ["file"]
    assert TraceSearch(traces).look(shared) == ((), ())


def test_settings_have_no_traces(tmp_path):
    table(tmp_path / "data" / "injection.parquet", {"video_id": GONE, "attack": COMMON, "answer": OWN})
    (tmp_path / "params.yaml").write_text(f"prompt_injection:\n  text: >\n    {COMMON}\n", "utf-8")
    traces = gather(erased(), [tmp_path / "data"], [tmp_path / "params.yaml"]).sought()
    assert traces.texts == set(windows(OWN))


def test_pages_in_the_store_have_the_erased_beside_others(tmp_path):
    videos = [{"id": int(GONE), "video_description": OWN}, {"id": int(KEPT), "video_description": COMMON}]
    page = {
        "request": {"path": "/v2/research/video/query/"},
        "text": json.dumps({"data": {"videos": videos}}),
    }
    reply = {"reply": {"choices": [{"text": f"{OWN} dice la voz"}]}}
    answers(
        tmp_path / "answers.sqlite",
        ("2022-12-07/1", page, {}),
        (f"{GONE}/control", reply, {"media": sha256("medium")}),
        (KEPT, {"reply": "something else that a model says of another video"}, {"media": sha256("other")}),
    )
    traces = gather(erased(), [tmp_path]).sought()
    assert traces.texts == set(windows(OWN)) | set(windows(f"{OWN} dice la voz"))
    assert traces.files == {sha256("medium")}


def test_a_comment_is_erased_without_its_video_and_a_label_with_it(tmp_path):
    remark = "No estoy de acuerdo con nada de lo que se dice aquí"
    comments = [
        {"comment_id": "7168000000000000001", "video_id": KEPT, "text": remark},
        {"comment_id": "7168000000000000002", "video_id": KEPT, "text": COMMON},
    ]
    table(tmp_path / "comments.parquet", *comments)
    labels = tmp_path / "human_labels.csv"
    with labels.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["video_id", "note"], [GONE, OWN], [KEPT, COMMON]])
    traces = gather(erased(comments=("7168000000000000001",)), [tmp_path]).sought()
    assert traces.texts == set(windows(remark)) | set(windows(OWN))


def test_a_username_that_others_mention_is_looked_for_only_where_it_is_said_to_be_one(tmp_path):
    table(
        tmp_path / "videos.parquet",
        {"video_id": GONE, "username": "Plaza.Mayor", "description": "x"},
        {"video_id": KEPT, "username": "other", "description": "con @plaza.mayor y el pueblo"},
    )
    traces = gather(erased(users=("plaza.mayor", "solitaria")), [tmp_path])
    assert traces.mentioned == {sha256("plaza.mayor")}
    matcher = Matcher(traces)
    assert not matcher.in_text("con @plaza.mayor y el pueblo")
    assert matcher.in_text('{"username": "Plaza.Mayor"}')
    assert matcher.in_name_field("plaza.mayor")
    assert matcher.in_text("hola solitaria!")


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("hola @anap, ven", True),
        ('{\\"username\\":\\"anap\\"}', True),
        ("https://www.tiktok.com/@AnaP/video/1", True),
        ("https%3A%2F%2Fwww.tiktok.com%2F%40anap", True),
        ("la anap vino", False),
        ("@anapaula y @anap.paula y @x.anap", False),
    ],
)
def test_a_short_username_is_told_apart_from_a_word(text, is_found):
    matcher = Matcher(Traces(erased(users=("anap",))))
    assert bool(matcher.in_text(text)) is is_found


def test_saved_traces_are_added_to_and_survive(tmp_path):
    first = Traces(erased(), frozenset(windows(OWN)))
    assert first.save(tmp_path) == first
    second = Traces(erased(users=("u",)), files=frozenset({sha256("f")}))
    both = second.save(tmp_path)
    assert both == first | second == Traces.saved(tmp_path)
    content = (tmp_path / FILE).read_text("ascii")
    assert not any(word in content for word in (GONE, *words(OWN)[:3]))


def test_traces_that_were_changed_are_refused(tmp_path):
    Traces(erased(), frozenset(windows(OWN))).save(tmp_path)
    file = tmp_path / FILE
    file.write_text(file.read_text("ascii").replace(windows(OWN)[0], windows(OWN)[1]), "ascii")
    with pytest.raises(Damaged, match="does not match its digest"):
        Traces.saved(tmp_path)


def test_a_name_of_a_file_is_masked():
    search = TraceSearch(Traces(erased(users=("anap",))))
    masked = search.masked(f"data/media/{GONE}.mp4")
    assert GONE not in masked
    assert masked == f"data/media/[{sha256(GONE)[:12]}].mp4"
    assert [found.kind for found in search.in_name(f"data/media/{GONE}_1.jpg")] == ["video"]
    assert search.masked(f"{KEPT}.mp4") == f"{KEPT}.mp4"
