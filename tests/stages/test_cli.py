"""The command `gettok`, as a person types it."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from root import ROOT

from gettok.cli.try_step import rows_for
from gettok.errors import BadInput
from gettok.step import Answer
from gettok.store import Key, Store
from sandbox.corpus.truth import media_path, truth
from sandbox.server import Sandbox

_GETTOK = Path(sys.executable).parent / "gettok"


def gettok(*arguments: str, cwd: Path = ROOT, **environment: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [str(_GETTOK), *arguments],
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    return done.returncode, done.stdout, done.stderr


def file_of(kind: str) -> str:
    video = next(video for video, of_video in truth().items() if of_video.kind == kind)
    return str(media_path(f"{video}.mp4"))


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as sandbox:
        yield sandbox


def tried(*arguments: str, **environment: str) -> list[dict]:
    code, out, err = gettok("try", *arguments, **environment)
    assert code == 0, err
    return [json.loads(line) for line in out.splitlines()]


def test_try_gives_one_line_of_json_for_each_file_reason_included(tmp_path):
    page = tmp_path / "page.mp4"
    page.write_text("<html>not a video</html>", "utf-8")
    good, bad = tried("probe", file_of("hevc"), str(page))
    assert (good["status"], good["video_codec"], good["width"]) == ("ok", "hevc", 360)
    assert (bad["status"], bad["reason"]) == ("unusable", "not_a_video")
    assert bad["file"] == str(page)


def test_try_takes_settings_among_the_files():
    (row,) = tried(
        "frames", file_of("plain"), "frames.stride=100", "frames.max_frames=2", "frames.longest_edge=64"
    )
    assert [frame["frame_index"] for frame in row["frames"]] == [0, 100]
    assert {frame["height"] for frame in row["frames"]} == {64}
    assert row["frames"][0]["image"]["bytes"].endswith(" bytes")


def test_try_transcribes_speech_and_names_why_there_is_none():
    speech, silence, mute = tried("transcribe", file_of("plain"), file_of("silence"), file_of("no_audio"))
    assert speech["status"] == "ok"
    assert len(speech["text"]) > 20
    assert silence["reason"] == "no_speech"
    assert mute["reason"] == "no_audio"


def test_try_describes_and_judges_a_video_or_texts_at_hand(sandbox, tmp_path):
    environment = {"GETTOK_SANDBOX": sandbox.base}
    (described,) = tried("describe", file_of("rotated"), **environment)
    assert "Noticias del día" in described["on_screen_text"]
    texts = tmp_path / "texts.json"
    texts.write_text(json.dumps({"transcript": "¡Fuerza, presidente Castillo!"}), "utf-8")
    said = tmp_path / "said.txt"
    said.write_text("Castillo es un golpista y un corrupto.", "utf-8")
    supports, opposes = tried("stance", str(texts), str(said), **environment)
    assert (supports["label"], opposes["label"]) == ("support", "no support")


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (("x.json", b'{"transcript": '), "is not valid JSON"),
        (("x.json", b"[" * 99_999), "is not valid JSON"),
        (("x.json", b'["a transcript"]'), "is not a JSON object"),
        (("x.json", b'{"caption": ["a", "list"]}'), "has a caption that is not a text"),
        (("x.json", b'{"transcript": "\xff"}'), "is not UTF-8"),
        (("x.txt", b"\xff"), "is not UTF-8"),
    ],
)
def test_try_says_what_is_wrong_with_texts_that_cannot_be_judged(
    sandbox, tmp_path, monkeypatch, given, wrong
):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("GETTOK_SANDBOX", sandbox.base)
    monkeypatch.setenv("GETTOK_STORE", str(tmp_path / "store"))
    file = tmp_path / given[0]
    file.write_bytes(given[1])
    with pytest.raises(BadInput, match=re.escape(f"{file} {wrong}")):
        list(rows_for("stance", [file], []))


def test_try_reads_the_text_on_the_frames_of_a_file():
    (row,) = tried("ocr", file_of("rotated"))
    assert "Noticias del día" in " ".join(row["frames"][0]["text"].split())
    code, _, err = gettok("try", "ocr", file_of("rotated"), "ocr=off")
    assert (code, "ocr=rapidocr" in err) == (66, True)


def test_try_refuses_an_unknown_step_a_missing_file_and_a_wrong_setting():
    code, _, err = gettok("try", "listen", "a.mp4")
    assert (code, "choose one of probe" in err) == (66, True)
    code, _, err = gettok("try", "probe", "no_such_file.mp4")
    assert (code, "is not a file" in err) == (66, True)
    code, _, err = gettok("try", "probe", file_of("plain"), "frames.stride=0")
    assert (code, "frames.stride" in err) == (78, True)


def test_store_verify_and_stats_use_the_store_that_is_named(tmp_path):
    key = Key.of("describe", 1, {}, {})
    with Store(tmp_path) as store:
        store.put(key, "v1", Answer({"a": 1}))
    named = {"GETTOK_STORE": str(tmp_path)}
    assert gettok("store", "verify", **named)[:2] == (0, "1 answer, all intact\n")
    assert "describe                 1 answers" in gettok("store", "stats", **named)[1]
    database = sqlite3.connect(tmp_path / "answers.sqlite")
    database.execute("UPDATE answers SET subject = 'v2'")
    database.commit()
    database.close()
    code, out, err = gettok("store", "verify", **named)
    assert code == 65
    assert key.digest in out
    assert "What you can do" in err


def test_outside_a_repository_the_store_cannot_be_guessed(tmp_path):
    code, _, err = gettok("store", "stats", cwd=tmp_path)
    assert code == 66
    assert "GETTOK_STORE" in err
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_override_is_reported_by_its_key():
    before = (ROOT / "params.yaml").read_bytes()
    code, _, err = gettok("compose", "study.query.all.regions=[UK]")
    assert code == 78
    assert "study.query.all.regions" in err
    assert (ROOT / "params.yaml").read_bytes() == before


def test_compose_says_what_is_chosen_and_that_overrides_apply_to_one_call(tmp_path):
    shutil.copytree(ROOT / "conf", tmp_path / "conf", ignore=shutil.ignore_patterns("__pycache__"))
    code, out, err = gettok("compose", "study=peru_2022", cwd=tmp_path)
    assert code == 0, err
    assert "now holds the study peru_2022 (tiktok, large-v3, gpt-" in out
    assert "Overrides apply until the next `gettok compose`" in out
    code, out, _ = gettok("compose", cwd=tmp_path)
    assert "now holds the study demo (sandbox, " in out
    assert "forgotten" not in out


def test_the_documented_dictionary_is_made_from_the_tables():
    code, out, _ = gettok("dictionary")
    assert code == 0
    assert out == (ROOT / "docs" / "data-dictionary.md").read_text("utf-8")


def test_the_sandbox_command_prints_its_addresses_and_serves():
    process = subprocess.Popen(
        [str(_GETTOK), "sandbox", "--profile", "clean"], stdout=subprocess.PIPE, text=True
    )
    try:
        addresses = json.loads(process.stdout.readline())
        form = {"client_key": "sandbox", "client_secret": "sandbox", "grant_type": "client_credentials"}
        token = requests.post(f"{addresses['research_api']}/oauth/token/", data=form, timeout=10).json()
        assert token["token_type"] == "Bearer"
        models = requests.get(
            f"{addresses['model']}/models", headers={"Authorization": "Bearer sandbox"}, timeout=10
        )
        assert models.json()["data"][0]["id"] == "sandbox-vision"
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_the_sandbox_command_serves_another_corpus_and_says_what_is_missing(tmp_path):
    command = [str(_GETTOK), "sandbox", "--corpus", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, f"There is no corpus in {tmp_path}" in done.stderr) == (66, True)


def test_the_embedded_sandbox_ends_with_the_program_that_started_it(tmp_path):
    start = (
        "import os, sys\n"
        "from gettok.pipeline.endpoints import SANDBOX, addresses\n"
        "with addresses(SANDBOX) as where:\n"
        "    print(where.of(SANDBOX, 'model'), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "GETTOK_SANDBOX"}
    process = subprocess.Popen(
        [sys.executable, "-c", start],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    address = process.stdout.readline().strip()
    assert requests.get(f"{address}/models", headers={"Authorization": "Bearer sandbox"}, timeout=10).ok
    process.kill()
    process.communicate()
    for _ in range(200):
        try:
            requests.get(f"{address}/models", timeout=0.1)
        except requests.RequestException:
            break
    else:
        pytest.fail("the sandbox outlived a killed parent")
