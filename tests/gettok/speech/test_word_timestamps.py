"""The aligner that times the words is identified by its files, and cannot change a dataset unnoticed."""

import pytest
from demo_model import with_settings
from loopback_hub import loopback_hub
from tiny_models import tiny_wav2vec2

from gettok.errors import BadSettings, NotNow
from gettok.models.hub import transformers_model
from gettok.pipeline.model_pins import refuse_changed
from gettok.speech.alignment import default_model
from gettok.speech.word_timestamps import WordTimer, aligners_identity, identity, pinnable

PORTUGUESE = default_model("pt")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_wav2vec2(tmp_path_factory.mktemp("wav2vec2"))


@pytest.fixture
def hub(tmp_path, monkeypatch, folder):
    clear_cache = transformers_model.__globals__["_downloaded"].cache_clear
    clear_cache()
    with loopback_hub(monkeypatch, tmp_path / "cache") as made:
        made.commit = made.put(PORTUGUESE, folder)
        yield made
    clear_cache()


def test_auto_is_resolved_in_the_key(hub, folder):
    known = {**identity(str(folder), "pt"), "repository": PORTUGUESE, "revision": hub.commit}
    assert len(known["sha256"]) == 64
    assert identity("auto", "pt") == identity(PORTUGUESE, None) == known
    assert with_settings(align="auto", language="pt").settings["align"] == known
    assert aligners_identity("auto", ["pt"]) == known


def test_a_torchaudio_bundle_is_identified_by_its_name():
    assert identity("auto", "es") == {"bundle": default_model("es")} == aligners_identity("auto", ["es"])


def test_where_the_language_is_detected_the_key_has_the_names_for_all_languages():
    names = identity("auto", None)["by_language"]
    assert (names["pt"], names["es"]) == (PORTUGUESE, default_model("es"))
    assert aligners_identity("auto", ["qu"]) is None
    both = {"es": {"bundle": default_model("es")}, "qu": None}
    assert aligners_identity("auto", ["es", "qu"]) == {"by_language": both}
    assert identity(None, None) is None is aligners_identity(None, ["es"])


def test_an_aligner_of_the_hub_is_loaded_from_the_files_that_the_key_names(hub):
    WordTimer("auto", "cpu").check("pt")
    assert sorted(hub.asked) == sorted({*hub.asked}), "each file is fetched once"
    assert "model.safetensors" in hub.asked


def test_an_aligner_that_moves_on_is_noticed_and_can_be_pinned(hub, folder, tmp_path):
    refuse(tmp_path, "auto")
    changed = tiny_wav2vec2(tmp_path / "other", even_loudness=False)
    hub.put(PORTUGUESE, changed, "b")
    transformers_model.__globals__["_downloaded"].cache_clear()
    with pytest.raises(BadSettings, match="is now revision bbbb") as noticed:
        refuse(tmp_path, "auto")
    assert f"asr.align to {PORTUGUESE}@{hub.commit} to go on" in noticed.value.can
    refuse(tmp_path, f"{PORTUGUESE}@{hub.commit}")


def refuse(store, align):
    for name, model in pinnable(align, "pt"):
        refuse_changed(store, name, model, f"asr.align to {name}@")


def test_a_folder_and_a_detected_language_have_nothing_to_pin(folder):
    assert not [*pinnable(str(folder), "pt"), *pinnable("auto", None), *pinnable(None, "pt")]


def test_a_name_that_the_hub_does_not_have_is_bad_settings_and_a_hub_that_is_down_is_not_now(
    hub, monkeypatch
):
    for name in ("unknown/no-such-model", "no/such/folder"):
        with pytest.raises(BadSettings, match="cannot be loaded"):
            identity(name, None)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(NotNow, match="cannot be fetched"):
        identity("unknown/another-model", None)
