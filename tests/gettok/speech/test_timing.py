"""Which aligner times the words is known by its files, and changes no dataset unnoticed."""

import pytest
from demo_model import with_settings
from loopback_hub import loopback_hub
from tiny_models import tiny_wav2vec2

from gettok.errors import BadSettings, NotNow
from gettok.models.hub import of_transformers
from gettok.pipeline.model_pins import refuse_changed
from gettok.speech.alignment import default_model
from gettok.speech.word_timestamps import Timing, aligned_by, identity, pinnable

PORTUGUESE = default_model("pt")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_wav2vec2(tmp_path_factory.mktemp("wav2vec2"))


@pytest.fixture
def hub(tmp_path, monkeypatch, folder):
    forget = of_transformers.__globals__["_downloaded"].cache_clear
    forget()
    with loopback_hub(monkeypatch, tmp_path / "cache") as made:
        made.commit = made.put(PORTUGUESE, folder)
        yield made
    forget()


def test_auto_is_in_the_key_by_what_it_came_to(hub, folder):
    known = {**identity(str(folder), "pt"), "repository": PORTUGUESE, "revision": hub.commit}
    assert len(known["sha256"]) == 64
    assert identity("auto", "pt") == identity(PORTUGUESE, None) == known
    assert with_settings(align="auto", language="pt").settings["align"] == known
    assert aligned_by("auto", "pt") == known


def test_one_of_torchaudios_goes_by_its_name():
    assert identity("auto", "es") == {"bundle": default_model("es")} == aligned_by("auto", "es")


def test_where_the_language_is_heard_the_key_has_the_names_for_all_of_them():
    names = identity("auto", None)["by_language"]
    assert (names["pt"], names["es"]) == (PORTUGUESE, default_model("es"))
    assert aligned_by("auto", "qu") is None
    assert identity(None, None) is None is aligned_by(None, "es")


def test_an_aligner_of_the_hub_is_loaded_from_the_files_that_the_key_names(hub):
    Timing("auto", "cpu").check("pt")
    assert sorted(hub.asked) == sorted({*hub.asked}), "each file is fetched once"
    assert "model.safetensors" in hub.asked


def test_an_aligner_that_moves_on_is_noticed_and_can_be_pinned(hub, folder, tmp_path):
    refuse(tmp_path, "auto")
    changed = tiny_wav2vec2(tmp_path / "other", even_loudness=False)
    hub.put(PORTUGUESE, changed, "b")
    of_transformers.__globals__["_downloaded"].cache_clear()
    with pytest.raises(BadSettings, match="is now revision bbbb") as noticed:
        refuse(tmp_path, "auto")
    assert f"asr.align to {PORTUGUESE}@{hub.commit} to go on" in noticed.value.can
    refuse(tmp_path, f"{PORTUGUESE}@{hub.commit}")


def refuse(store, align):
    for name, model in pinnable(align, "pt"):
        refuse_changed(store, name, model, f"asr.align to {name}@")


def test_a_folder_and_a_heard_language_have_nothing_to_pin(folder):
    assert not [*pinnable(str(folder), "pt"), *pinnable("auto", None), *pinnable(None, "pt")]


def test_a_name_that_the_hub_does_not_have_is_bad_settings_and_a_hub_that_is_away_is_not_now(
    hub, monkeypatch
):
    for name in ("nobody/no-such-model", "no/such/folder"):
        with pytest.raises(BadSettings, match="cannot be loaded"):
            identity(name, None)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(NotNow, match="cannot be fetched"):
        identity("nobody/another-model", None)
