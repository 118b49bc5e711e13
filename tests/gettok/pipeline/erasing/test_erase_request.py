"""What people give to be erased, as they paste it; and what is no id is refused, and not passed over."""

from datetime import UTC, datetime

import pytest

from gettok.errors import BadInput
from gettok.pipeline.erasing.request import ErasureRequest, read_request, refuse_impossible

ID = "7167989075250809649"
NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "videos", "users"),
    [
        (ID, (ID,), ()),
        (f" '{ID}\n", (ID,), ()),
        (f"https://www.tiktok.com/@Ana.b_1/video/{ID}?lang=es", (ID,), ()),
        ("@Ana.b_1", (), ("ana.b_1",)),
        ("https://www.tiktok.com/@Ana.b_1?lang=es", (), ("ana.b_1",)),
        ("tiktok.com/@ana/", (), ("ana",)),
    ],
)
def test_an_id_a_link_and_a_username_are_understood(text, videos, users):
    assert read_request([text], None, []) == ErasureRequest(videos, users)


def test_a_file_has_one_a_line_and_each_counts_once(tmp_path):
    file = tmp_path / "requests.txt"
    file.write_bytes(f"\ufeff@ana\r\n\r\n{ID}\r\nhttps://www.tiktok.com/@x/video/{ID}\r\n@ANA\r\n".encode())
    assert read_request(["@beto"], file, ["17", " 17 "]) == ErasureRequest((ID,), ("beto", "ana"), ("17",))


@pytest.mark.parametrize("text", ["ana", "", "@", "@ana b", "https://vm.tiktok.com/ZM1/", "7.16799E+18"])
def test_what_names_nothing_is_refused_and_nothing_else_is_taken(text):
    with pytest.raises(BadInput, match="listed nothing"):
        read_request([ID, text], None, [])


def test_a_wrong_line_of_a_file_is_named(tmp_path):
    file = tmp_path / "requests.txt"
    file.write_text(f"{ID}\nvideo_id\n", "utf-8")
    with pytest.raises(BadInput, match=r"requests\.txt, line 2: 'video_id' is neither an id"):
        read_request([], file, [])


def test_of_many_wrong_lines_ten_are_named(tmp_path):
    file = tmp_path / "requests.txt"
    file.write_text("x\n" * 13, "utf-8")
    with pytest.raises(BadInput, match=r"line 10: .*; and 3 more"):
        read_request([], file, [])


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, content):
    file = tmp_path / "requests.txt"
    if content:
        file.write_bytes(content)
    with pytest.raises(BadInput, match=r"requests\.txt cannot be read"):
        read_request([], file, [])


def test_a_request_for_nothing_is_refused(tmp_path):
    (tmp_path / "empty.txt").write_text("\n", "utf-8")
    for file in (None, tmp_path / "empty.txt"):
        with pytest.raises(BadInput, match="nothing to erase was named"):
            read_request([], file, [])


def test_a_comment_s_id_is_a_number():
    with pytest.raises(BadInput, match="'@ana' is no id of a comment"):
        read_request([], None, ["@ana"])


def test_an_id_that_no_video_can_have_is_refused():
    refuse_impossible([ID], NOW)
    with pytest.raises(BadInput, match=r"71679890 is no id of a video: .* before TikTok existed"):
        refuse_impossible([ID, "71679890"], NOW)
