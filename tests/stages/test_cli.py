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
from preloaded import run_module
from root import ROOT

from gettok.cli.try_step import rows_for
from gettok.errors import BadInput
from gettok.step import Answer
from gettok.store import Key, Store
from sandbox.corpus.truth import media_path, truth
from sandbox.server import Sandbox

_GETTOK = Path(sys.executable).parent / "gettok"


def gettok(*arguments: str, cwd: Path = ROOT, **environment: str) -> tuple[int, str, str]:
    done = run_module("gettok.cli.app", arguments, cwd, {**os.environ, "OMP_NUM_THREADS": "1", **environment})
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
    files = map(file_of, ("plain", "silence", "no_audio"))
    code, out, err = gettok("try", "transcribe", *files)
    speech, silence, mute = map(json.loads, out.splitlines())
    assert (code, speech["status"]) == (0, "ok")
    assert len(speech["text"]) > 20
    assert silence["reason"] == "no_speech"
    assert mute["reason"] == "no_audio"
    assert speech["quality_flags"] == ["demo_model"]
    assert err.count("invents fluent sentences") == 1, "once, however many files there are"


def test_try_describes_and_judges_a_video_or_texts_at_hand(sandbox, tmp_path):
    environment = {"GETTOK_SANDBOX": sandbox.base}
    (described,) = tried("describe", file_of("rotated"), **environment)
    assert "Noticias del día" in described["on_screen_text"]
    texts = tmp_path / "texts.json"
    texts.write_text(json.dumps({"transcript": "¡Fuerza, presidente Castillo!"}), "utf-8")
    said = tmp_path / "said.txt"
    said.write_text("Castillo es un golpista y un corrupto.", "utf-8")
    supports, opposes = tried("annotate", str(texts), str(said), **environment)
    stances = [by_name(row)["stance"]["label"] for row in (supports, opposes)]
    assert stances == ["support", "no support"]
    assert list(by_name(supports)) == [
        "stance",
        "call_to_action",
        "topics",
        "places",
        "people_shown",
        "screen_language",
    ]
    assert by_name(supports)["topics"]["status"] == "ok"
    assert by_name(supports)["people_shown"]["reason"] == "no_inputs", "there is no frame"


def by_name(row: dict) -> dict[str, dict]:
    """The variables of a file."""
    return {found["variable"]: found for found in row["variables"]}


def test_try_asks_a_conditional_question_only_where_it_applies_and_makes_no_input_in_vain(
    sandbox, tmp_path, monkeypatch
):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("GETTOK_SANDBOX", sandbox.base)
    monkeypatch.setenv("GETTOK_STORE", str(tmp_path / "store"))
    texts = {"yes.txt": "¡Fuerza, presidente Castillo!", "no.txt": "Castillo es un golpista y un corrupto."}
    files = [tmp_path / name for name in texts]
    for file, text in zip(files, texts.values(), strict=True):
        file.write_text(text, "utf-8")
    asked = "question: 'Is it loud?', kind: yes_no, inputs: [transcript]"
    condition = "applies_if: {variable: stance, has: [support]}"
    codebook = ("codebook=stance", f"+codebook.variables.loud={{{asked}, {condition}}}")
    before = len(sandbox.requests())
    applies, does_not = rows_for("annotate", files, codebook)
    assert by_name(applies)["loud"]["label"] in {"yes", "no"}
    assert by_name(does_not)["loud"] == {
        "variable": "loud",
        "status": "unusable",
        "reason": "not_applicable",
        "detail": "the codebook does not ask this about it, as another variable has another value",
    }
    assert len(sandbox.requests()) == before + 3
    frames_alone = ("codebook=stance", "codebook.variables.stance.inputs=[frames]")
    (row,) = rows_for("annotate", [Path(file_of("plain"))], frames_alone)
    assert by_name(row)["stance"]["inputs_used"] == ["frames"]
    assert len(sandbox.requests()) == before + 4, "nothing was described"


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
        list(rows_for("annotate", [file], []))


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_sandbox_command_serves_another_corpus_and_says_what_is_missing(tmp_path):
    command = [str(_GETTOK), "sandbox", "--corpus", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, f"There is no corpus in {tmp_path}" in done.stderr) == (66, True)
    wrong = {
        '[{"api"': " is not JSON",
        '{"x": 1}': " is not a list of videos",
        '[{"id": 1}]': ", entry 1: api: is missing",
    }
    for text, said in wrong.items():
        (tmp_path / "videos.json").write_text(text, "utf-8")
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, f"videos.json{said}" in done.stderr) == (66, True), text


def test_a_port_in_use_is_named_by_the_sandbox_command(sandbox):
    port = sandbox.base.rpartition(":")[2]
    code, out, err = gettok("sandbox", "--port", port)
    assert (code, out) == (69, "")
    assert err.startswith(f"The port {port} cannot be used: Address already in use.\n  What we did: ")
    assert "What you can do: choose another port" in err


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_a_port_that_does_not_exist_is_refused(port):
    code, _, err = gettok("sandbox", f"--port={port}")
    assert code == 2
    assert "port" in err
    assert "Traceback" not in err


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
