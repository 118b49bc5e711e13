"""A corpus of one's own that the sandbox cannot serve is refused when it starts, with what to correct."""

import json
import subprocess
import sys

import pytest

from sandbox.corpus_check import BadCorpus, check_videos

ID = "7175000000000000001"
API = {"id": ID, "create_time": 1670560000, "username": "someone"}
PAGE = {"media": "clip.mp4", "duration": 12.5}
CAPTION = {"language": "es", "source": "ASR", "format": "webvtt", "segments": [[0, 1.5, "hola"]]}


@pytest.fixture
def file(tmp_path):
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "clip.mp4").touch()
    return tmp_path / "videos.json"


def test_the_entry_of_the_documentation_is_served_and_so_is_a_page_without_a_video(file):
    rows = [
        {"api": API, "page": {**PAGE, "captions": [CAPTION]}},
        {"api": {**API, "id": ID[:-1] + "2"}, "page": {}},
    ]
    file.write_text(json.dumps(rows), "utf-8")
    check_videos(file)


@pytest.mark.parametrize(
    ("api", "page", "wrong"),
    [
        ({"id": "abc"}, {}, "api.id: 'abc' is not the id of a video on TikTok: 19 digits"),
        ({"id": "1"}, {}, "api.id: '1' is not the id of a video on TikTok"),
        ({"id": int(ID)}, {}, f"api.id: must be text, in double quotes (it is {ID})"),
        ({"create_time": "2022-12-09"}, {}, "api.create_time: must be a whole number (it is 2022-12-09)"),
        ({"hashtag_names": ["a", 1]}, {}, "api.hashtag_names[1]: must be text, in double quotes (it is 1)"),
        ({}, {"duration": "long"}, "page.duration: must be a number (it is long)"),
        ({}, {"medai": "clip.mp4"}, "page.medai: is not a key that the sandbox knows"),
        ({}, {"media": "other.mp4"}, "page.media: there is no "),
        ({}, {"images": ["clip.mp4", "2.jpg"]}, "page.images: there is no "),
        ({}, {"shape": "odd"}, "page.shape: a corpus cannot say 'odd'"),
        ({}, {"captions": [{"language": "es"}]}, "page.captions[0]: it needs language, source"),
        ({}, {"captions": [{**CAPTION, "format": "x"}]}, "page.captions[0]: no page has captions like these"),
    ],
)
def test_a_wrong_field_is_named_with_its_entry(file, api, page, wrong):
    good = {"api": {**API, "id": ID[:-1] + "2"}, "page": PAGE}
    file.write_text(json.dumps([good, {"api": {**API, **api}, "page": {**PAGE, **page}}]), "utf-8")
    with pytest.raises(BadCorpus) as refused:
        check_videos(file)
    assert str(refused.value).startswith(f"{file}, entry 2: {wrong}")


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("[{", " is not JSON in UTF-8: "),
        ('{"a": 1}', " is not a list of videos"),
        ("[1]", ", entry 1: it: must be an object of keys and values (it is 1)"),
        ('[{"api": {}}]', ", entry 1: api.id: is missing"),
        (json.dumps([{"api": API}]), ", entry 1: page: is missing"),
        (json.dumps([{"api": API, "page": {}}] * 2), f", entry 2: api.id: entry 1 has the id {ID} too"),
    ],
)
def test_a_file_of_another_form_is_refused(file, content, wrong):
    file.write_text(content, "utf-8")
    with pytest.raises(BadCorpus) as refused:
        check_videos(file)
    assert str(refused.value).startswith(f"{file}{wrong}")


def test_the_sandbox_does_not_start_with_it(file):
    file.write_text(json.dumps([{"api": {**API, "id": "abc"}, "page": {}}]), "utf-8")
    command = [sys.executable, "-m", "sandbox", "--corpus", str(file.parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert (done.returncode, done.stdout) == (66, "")
    assert done.stderr.startswith(f"{file}, entry 1: api.id: 'abc' is not the id of a video on TikTok")
    assert "What we did: did not start" in done.stderr
