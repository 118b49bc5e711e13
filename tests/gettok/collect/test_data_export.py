"""Ids from TikTok's own export of a person's data: links to videos are read, and nothing else of the person."""

import json

import pytest

from gettok.collect.ids import read_ids
from gettok.errors import BadInput

ID, OTHER, THIRD = "7213456789012345678", "7213456789012345681", "7213456789012345699"
SHARE = "https://www.tiktokv.com/share/video/{}/"
NOT_READ = {
    "Favorite Sounds": {
        "FavoriteSoundList": [{"Date": "x", "Link": f"https://www.tiktok.com/music/{THIRD}"}]
    },
    "Searches": {"SearchList": [{"Date": "x", "SearchTerm": "secreto"}]},
    "Login History": {"LoginHistoryList": [{"Date": "x", "IP": "10.0.0.1"}]},
    "Profile": {"ProfileMap": {"emailAddress": "a@example.org", "profilePhoto": "https://p16.example/x.jpg"}},
    "Direct Messages": {
        "ChatHistory": {
            "Chat History with amiga:": [
                {"Date": "x", "From": "amiga", "Content": f"https://www.tiktok.com/@a/video/{THIRD}"},
                {"Date": "x", "From": "yo", "Content": "un secreto"},
            ]
        }
    },
}


def watched(*ids: str, name: str = "Link") -> list[dict[str, str]]:
    return [{"Date": "2023-01-01 10:00:00", name: SHARE.format(video_id)} for video_id in ids]


@pytest.fixture
def written(tmp_path):
    """Read the ids of a file with this content."""

    def read(content: object, encoding: str = "utf-8"):
        path = tmp_path / "user_data"
        path.write_bytes((content if isinstance(content, str) else json.dumps(content)).encode(encoding))
        return read_ids(path)

    return read


@pytest.mark.parametrize(
    "export",
    [
        {"Activity": {"Video Browsing History": {"VideoList": watched(ID, OTHER)}, **NOT_READ}},
        {"Activity": {"Video Browsing History": {"VideoList": watched(ID, OTHER, name="VideoLink")}}},
        {"Your Activity": {"Watch History": {"VideoList": watched(ID)}, **NOT_READ}}
        | {"Likes and Favorites": {"Like List": {"ItemFavoriteList": watched(OTHER, name="link")}}},
        {"VideoList": watched(ID, OTHER)},
        watched(ID, OTHER, name="url"),
        [SHARE.format(ID), SHARE.format(OTHER)],
        {"Links": [SHARE.format(ID), f"https://www.tiktok.com/@a/photo/{OTHER}"]},
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_list_of_videos_in_the_json_is_read_and_nothing_else(written, export, encoding):
    listed = written(export, encoding)
    assert (listed.ids, listed.refused, listed.repeated) == ((ID, OTHER), (), 0)
    assert [line.line for line in listed.lines] == [1, 2]
    assert "secreto" not in str(listed)


def test_every_link_of_a_list_of_videos_is_accounted_for(written):
    shared = [
        {"Date": "x", "SharedContent": "video", "Link": SHARE.format(OTHER), "Method": "chat_head"},
        {"Date": "x", "SharedContent": "user", "Link": "https://www.tiktok.com/@alguien", "Method": "link"},
        {"Date": "x", "SharedContent": "video", "Link": None, "Method": "email"},
        {"Date": "x", "SharedContent": "video", "Link": "https://vm.tiktok.com/ZMabc/", "Method": "sms"},
    ]
    listed = written({"Watch": {"VideoList": watched(ID, OTHER, ID)}, "Share": {"ShareHistoryList": shared}})
    assert (listed.ids, listed.repeated) == ((ID, OTHER), 2)
    assert [(refused.line, refused.why.split(" ")[1]) for refused in listed.refused] == [
        (5, "neither"),
        (6, "neither"),
        (7, "a"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_f17_a_refused_link_with_a_lone_surrogate_can_be_written_into_a_table(written, encoding):
    listed = written({"VideoList": [*watched(ID), {"Link": "https://vm.tiktok.com/\ud83d"}]}, encoding)
    assert [refused.text for refused in listed.refused] == ["https://vm.tiktok.com/\ufffd"]


TEXT = f"""Date: 2023-01-01 10:00:00 UTC
Link: {SHARE.format(ID)}

Date: 2023-01-02 11:00:00 UTC
Link: {SHARE.format(OTHER)}

"""


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("Link:", "Video Link:"),
        TEXT.replace("Link:", "VideoLink:"),
        TEXT.replace("Link: ", "link :\t"),
        TEXT.replace("Date:", "Shared Content: video\nMethod: chat, sms\nDate:"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_texts_of_an_export_are_read_by_their_links(written, text, encoding):
    listed = written(text, encoding)
    assert (listed.ids, listed.refused) == ((ID, OTHER), ())


#: A date and a link, as an export in Spanish, French, Chinese and Arabic may name them.
LABELS = [("Fecha", "Enlace"), ("Date", "Lien\u00a0"), ("日期", "链接"), ("التاريخ", "الرابط")]


def dated(*ids: str, names: tuple[str, str]) -> list[dict[str, str]]:
    return [dict(zip(names, ("2023-01-01 10:00:00", SHARE.format(name)), strict=True)) for name in ids]


@pytest.mark.parametrize("names", LABELS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_translated_labels_are_known_by_the_date_beside_the_link(written, names, encoding):
    messages = {
        "Historial de chat con amiga:": [
            {"Fecha": "2023-01-01 10:00:00", "De": "amiga", "Contenido": SHARE.format(THIRD)},
            {"Fecha": "2023-01-01 10:00:01", "De": "yo", "Contenido": "un secreto"},
        ]
    }
    profile = {"Fecha": "2023-01-01 10:00:00", "Biografía": "https://example.org/secreto"}
    export = {
        "Historial": {"Lista": dated(ID, OTHER, names=names)},
        "Mensajes": messages,
        "Perfil": [profile],
    }
    listed = written(export, encoding)
    assert (listed.ids, listed.refused) == ((ID, OTHER), ())
    assert "secreto" not in str(listed)


@pytest.mark.parametrize("names", [*LABELS, ("Fecha", "Enlace del vídeo")])
@pytest.mark.parametrize("colon", [": ", "：", " : "])
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_translated_labels_of_a_text_are_too(written, names, colon, line_break):
    text = TEXT.replace(": ", colon).replace("Date", names[0]).replace("Link", names[1])
    listed = written(text.replace("\n", line_break) + f"{line_break}{names[1]}: {line_break}")
    assert (listed.ids, [refused.line for refused in listed.refused]) == ((ID, OTHER), [8])


def test_links_in_messages_are_no_lines_of_an_export(written):
    chat = f"2023-01-01 10:00:00 UTC amiga: {SHARE.format(THIRD)}\namiga: {SHARE.format(THIRD)}\n"
    assert written(chat + TEXT.replace("Date", "Fecha").replace("Link", "Enlace")).ids == (ID, OTHER)


def test_lines_of_a_text_that_lack_a_video_are_refused_by_their_numbers(written):
    listed = written(
        TEXT + f"Date: x\nLink: \nLink: https://www.tiktok.com/@alguien\n{THIRD}\n{SHARE.format(ID)}\n"
    )
    assert [refused.line for refused in listed.refused] == [8, 9]
    assert (listed.ids, listed.repeated) == ((ID, OTHER, THIRD), 1)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"Activity": {"Like List"', "not JSON: the file is damaged or cut off"),
        ({"Profile": {"name": "x"}}, "has no video id"),
        (NOT_READ, "has no video id"),
        ("Date: x\nLink: https://www.tiktok.com/music/1\n", "line 2: .* is neither"),
    ],
)
def test_an_export_without_a_video_is_reported_in_three_parts(written, content, why):
    with pytest.raises(BadInput, match=why) as error:
        written(content)
    assert "TikTok's own export" in error.value.can


def test_a_row_of_a_csv_whose_cell_is_blank_is_refused_and_a_blank_row_is_none(written):
    listed = written(f"video_id;title\n{ID};a\n;b\n;\n\n{OTHER}\nnone\n")
    assert listed.ids == (ID, OTHER)
    assert [(refused.line, refused.text) for refused in listed.refused] == [(3, ",b"), (7, "none")]


def test_a_video_link_with_an_id_that_is_no_time_is_still_a_line(written):
    listed = written({"VideoList": watched("1")})
    assert listed.ids == ("1",)
