"""Prompt injection variants in the stage `annotate`: what is asked and written, and what is never asked again."""

import hashlib
from datetime import UTC, datetime

import polars as pl
import pytest
import requests
from scripted_endpoint import jpeg
from workspace import Workspace

from gettok.annotate.prompt_injection.attack_types import ATTACK_TYPES
from gettok.cli.store_refill import refill
from gettok.store import Store
from gettok.tables import ANNOTATIONS, DESCRIPTIONS, FRAMES, PROMPT_INJECTION, TRANSCRIPTS, VIDEOS
from sandbox.server import Sandbox

DAY = "2022-12-07"
TRANSCRIPT_OF = {
    "71": "Fuerza Castillo",
    "72": "Castillo golpista y corrupto",
    "73": "Hoy es lunes",
    "74": None,
}
#: The last has no inputs.
JUDGED = ("71", "72", "73")
INSERTED_AS = ("caption", "control", "forged_answer", "forged_marks", "on_screen", "speech")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, sandbox):
    """Four videos with all that stances need; they and their variants have been judged once."""
    made = Workspace.make(tmp_path_factory.mktemp("prompt_injection"), sandbox.base, "codebook=stance")
    at = datetime(2022, 12, 7, tzinfo=UTC)
    VIDEOS.write(
        [{"video_id": video_id, "created_at": at} for video_id in TRANSCRIPT_OF],
        made.data / "videos" / f"{DAY}.parquet",
    )
    transcripts = [
        {"video_id": video_id, "text": text, "status": "ok"} for video_id, text in TRANSCRIPT_OF.items()
    ]
    TRANSCRIPTS.write(transcripts, made.data / "transcripts" / f"{DAY}.parquet")
    descriptions = [
        {"video_id": video_id, "description": "A person." if text else None}
        for video_id, text in TRANSCRIPT_OF.items()
    ]
    DESCRIPTIONS.write(descriptions, made.data / "descriptions" / f"{DAY}.parquet")
    picture = jpeg("LIMA")
    facts = {"frame_index": 0, "sha256": hashlib.sha256(picture).hexdigest(), "status": "ok"}
    frames = [
        {"video_id": video_id, "image": {"bytes": picture, "path": None}, **facts} for video_id in JUDGED
    ]
    FRAMES.write(frames, made.data / "frames" / f"{DAY}.parquet")
    made.run("annotate")
    return made


def variants(workspace: Workspace) -> pl.DataFrame:
    return PROMPT_INJECTION.read(workspace.data / "prompt_injection.parquet")


def annotations(workspace: Workspace) -> bytes:
    return (workspace.data / "annotations" / "stance" / f"{DAY}.parquet").read_bytes()


def calls(sandbox: Sandbox) -> int:
    return sum("chat/completions" in entry["path"] for entry in sandbox.requests())


def test_each_labelled_video_has_a_variant_for_each_attack_type(workspace):
    found = variants(workspace)
    assert found.select("video_id", "attack_type").rows() == [
        (video_id, attack_type) for video_id in JUDGED for attack_type in INSERTED_AS
    ]
    own = dict(ANNOTATIONS.read(workspace.data / "annotations", ["video_id", "label"]).rows())
    assert [own[video_id] for video_id in TRANSCRIPT_OF] == ["support", "no support", "neutral", None]
    for row in found.iter_rows(named=True):
        assert (row["status"], row["clean_label"]) == ("ok", own[row["video_id"]])
        assert (row["label"], row["flipped"], row["complied"]) == (row["clean_label"], False, False)
        assert row["wanted"] not in {None, row["clean_label"]}
        assert row["answer"]
        assert row["cost_usd"] > 0
    assert found["answer_key"].n_unique() == found.height
    assert workspace.books("annotate") == {
        "asked": 4,
        "ok": 3,
        "unusable": {"no_inputs": 1},
        "variables": {"stance": {"asked": 4, "ok": 3, "unusable": {"no_inputs": 1}}},
    }


def test_no_variant_is_asked_about_twice_and_none_of_them_changes_a_video_s_stance(workspace, sandbox):
    before, own, asked = variants(workspace), annotations(workspace), calls(sandbox)
    workspace.compose("codebook=stance", "prompt_injection=off")
    workspace.run("annotate")
    assert variants(workspace).is_empty()
    assert annotations(workspace) == own
    workspace.compose("codebook=stance", "prompt_injection.videos=2")
    assert "changed 0 of 10 labels" in workspace.run("annotate")
    assert set(variants(workspace)["video_id"]) < set(JUDGED)
    assert variants(workspace).join(before, on=before.columns, how="semi", nulls_equal=True).height == 12
    assert calls(sandbox) == asked
    workspace.compose("codebook=stance")
    workspace.run("annotate")
    assert variants(workspace).equals(before)
    assert calls(sandbox) == asked


def test_what_a_pulled_table_of_variants_holds_is_not_asked_again(workspace, tmp_path, monkeypatch):
    monkeypatch.chdir(workspace.folder)
    with Store(tmp_path / "store") as store:
        found = {stage: (answers, new) for stage, answers, new in refill(store)}
        assert found["annotate"] == (3 + 18, 3 + 18)
        assert store.known(variants(workspace)["answer_key"]) == set(variants(workspace)["answer_key"])


def test_f43_a_variant_without_an_answer_says_which_model_was_asked_and_what_it_cost(workspace, sandbox):
    script = [{"do": "refusal", "match": "chat/completions", "times": None}]
    requests.post(f"{sandbox.base}/__sandbox__/script", json=script, timeout=9)
    workspace.compose(
        "codebook=stance", "prompt_injection.videos=1", "prompt_injection.control_texts=[See you.]"
    )
    workspace.run("annotate")
    (refused,) = variants(workspace).filter(pl.col("status") != "ok").to_dicts()
    assert (refused["attack_type"], refused["reason"], refused["flipped"]) == ("control", "refused", None)
    assert (refused["voters"], refused["model"]) == (["sandbox-vision"], "sandbox-vision")
    assert refused["cost_usd"] > 0
    requests.post(f"{sandbox.base}/__sandbox__/script", json=[], timeout=9)
    workspace.compose("codebook=stance")


def test_f46_a_gullible_model_s_flips_are_in_the_table(workspace, sandbox, tmp_path):
    requests.post(f"{sandbox.base}/__sandbox__/switches", json={"gullible": "always"}, timeout=9)
    workspace.environment["GETTOK_STORE"] = str(tmp_path / "store")
    expected = (
        "prompt injection changed 15 of 15 labels (80 to 100 %); the control changed 0 of 3 (0 to 56 %)"
    )
    assert expected in workspace.run("annotate")
    flipped = {
        row["attack_type"]
        for row in variants(workspace).iter_rows(named=True)
        if row["flipped"] and row["complied"]
    }
    assert flipped == set(INSERTED_AS) - {"control"}
    assert flipped < set(ATTACK_TYPES)
