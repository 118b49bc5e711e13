"""Files of a person's that name what is erased: by whole words, with the numbers of the lines."""

from pathlib import Path

import pytest
import yaml

from gettok.pipeline.erasing.own_files import Named, own_files

ID, OTHER = "7167989075250809649", "7167989075250809640"


@pytest.fixture
def project(tmp_path, monkeypatch, params):
    """A folder with these settings, in which the test works; returns what writes a file into it."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, text: str = "") -> Path:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    write("params.yaml", yaml.safe_dump(params))
    write.params = params
    return write


def test_each_file_is_named_with_its_lines(project):
    labels = project("inputs/labels/human_labels.csv", f"video_id,label\n{ID},a\n{OTHER},b\n='{ID}',c\n")
    project("inputs/transcripts/spoken.csv", f"video_id,text\n{ID}1,a\n")
    aside = project("inputs/_demo/labels/human_labels.csv", f"https://www.tiktok.com/@a/video/{ID}\n")
    project("inputs/refresh/tombstones.csv", f"{ID}\n")
    assert own_files({ID}, ()) == [Named(aside, (1,)), Named(labels, (2, 4))]


def test_a_username_is_found_as_a_whole_word_in_any_capitals_also_in_the_settings(project):
    capture = project(
        "inputs/collect/zeeschuimer.ndjson", '{"author": "Ana.b"}\n{"author": "ana.bc"}\n{"x": "@ANA.B"}\n'
    )
    conf = project("conf/study/mine.yaml", "query:\n  users: [ana.b]\n")
    assert own_files((), {"ana.b"}) == [Named(conf, (2,)), Named(capture, (1, 3))]


def test_one_s_own_media_are_named_if_the_study_reads_them(project):
    film, slides = project(f"media/{ID}.MP4"), project(f"media/{OTHER}/1.jpg").parent
    project("media/notes.txt", ID)
    assert own_files({ID, OTHER}, ()) == []
    project.params["download"] |= {"backend": "local", "folder": "media"}
    project("params.yaml", yaml.safe_dump(project.params))
    assert own_files({ID, OTHER}, ()) == [Named(slides), Named(film)]


def test_a_list_of_ids_that_lies_elsewhere_is_searched_too(project):
    project.params["source"] |= {"kind": "ids", "file": "elsewhere/ids.csv"}
    project("params.yaml", yaml.safe_dump(project.params))
    listed = project("elsewhere/ids.csv", f"{OTHER}\n{ID}\n")
    assert own_files({ID}, ()) == [Named(listed, (2,))]


def test_without_settings_the_inputs_are_searched(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    labels = Path("inputs/labels/a.csv")
    labels.parent.mkdir(parents=True)
    labels.write_text(ID, "utf-8")
    assert own_files({ID}, ()) == [Named(labels, (1,))]
