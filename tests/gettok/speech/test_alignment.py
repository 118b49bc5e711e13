import shutil
import unicodedata
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torchaudio
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import SPANISH, tiny_bert, tiny_wav2vec2
from transformers import Wav2Vec2ForCTC, Wav2Vec2Model

from gettok.errors import BadSettings, NotNow
from gettok.media.recording import seconds
from gettok.speech.alignment import (
    Aligner,
    Alphabet,
    TimedWord,
    _alphabet,
    align,
    default_model,
    required_model,
)

FRAME_S = 0.02
LETTERS = {token: number for number, token in enumerate(SPANISH) if len(token) == 1 and token != "|"}
ALPHABET = Alphabet(LETTERS, blank=0, delimiter=SPANISH.index("|"))
SURE = 0.9


def forged(path, tokens=SPANISH):
    """The output of a network that recognises this path, a sign for each frame; `_` is the blank."""
    log_probs = torch.full((len(path), len(tokens)), (1 - SURE) / (len(tokens) - 1)).log()
    for frame, sign in enumerate(path):
        log_probs[frame, tokens.index("<pad>" if sign == "_" else sign)] = np.log(SURE)
    return log_probs


def aligned(path, *words, alphabet=ALPHABET):
    return align(forged(path), words, alphabet, len(path) * FRAME_S)


def frames(word):
    return round(word.start_s / FRAME_S, 6), round(word.end_s / FRAME_S, 6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_wav2vec2(tmp_path_factory.mktemp("wav2vec2"))


@pytest.fixture(scope="module")
def aligner(folder):
    return Aligner(folder, "cpu")


def noise(samples, loudness=0.1):
    return (loudness * np.random.default_rng(3).normal(size=samples)).astype(np.float32)


def test_words_are_where_a_known_path_has_them():
    hola, mundo = aligned("___hh_o_ll_a__|__m_u_nn_d_ooo___", "hola", "mundo")
    assert (hola.text, *frames(hola)) == ("hola", 3, 12)
    assert (mundo.text, *frames(mundo)) == ("mundo", 17, 29)
    assert (hola.score, mundo.score) == (pytest.approx(SURE), pytest.approx(SURE))


def test_a_double_letter_is_distinguished_from_a_long_one():
    (calle,) = aligned("__c_aa_l_l_e__", "calle")
    (cale,) = aligned("__c_aa_ll__e__", "cale")
    assert frames(calle) == (2, 12)
    assert frames(cale) == (2, 12)
    assert calle.score == cale.score == pytest.approx(SURE)


def test_a_word_that_is_not_what_was_said_scores_less():
    right, wrong = (
        aligned("_s_i_|_n_o_|_s_i_", "si", "no", "si")[1],
        aligned("_s_i_|_y_a_|_s_i_", "si", "no", "si")[1],
    )
    assert wrong.score < 0.1 < right.score


def test_a_network_without_a_sign_between_words_aligns_too():
    alphabet = Alphabet(LETTERS, blank=0, delimiter=None)
    one, two = aligned("_h_o_l_a____m_u_n_d_o_", "hola", "mundo", alphabet=alphabet)
    assert (frames(one), frames(two)) == ((1, 8), (12, 21))


def test_a_word_without_known_letters_lies_between_its_neighbours():
    en, year, hubo = aligned("_e_n_|__________h_u_b_o_", "en", "2022", "hubo")
    assert (frames(en), frames(year), frames(hubo)) == ((1, 4), (4, 16), (16, 23))
    assert year == TimedWord("2022", en.end_s, hubo.start_s, None)


def test_words_without_known_letters_share_a_gap_by_their_lengths():
    _, year, heart, _ = aligned("_e_n_|____________h_u_b_o_", "en", "2022", "❤❤", "hubo")
    assert (frames(year), frames(heart)) == ((4, pytest.approx(13 + 1 / 3)), (pytest.approx(13 + 1 / 3), 18))


def test_words_without_known_letters_reach_to_the_sounds_ends():
    first, _, last = aligned("____s_i____", "1", "si", "2")
    assert (frames(first), frames(last)) == ((0, 4), (7, 11))


def test_a_text_without_any_known_letter_fills_the_sound():
    assert [frames(word) for word in aligned("_" * 12, "2022", "❤❤")] == [(0, 8), (8, 12)]


def test_a_text_that_does_not_fit_into_the_sound_is_shared_out():
    words = aligned("_s_i_", "demasiado", "largo")
    assert [(word.text, word.score) for word in words] == [("demasiado", None), ("largo", None)]
    assert (words[0].start_s, words[-1].end_s) == (0, 5 * FRAME_S)


@pytest.mark.parametrize(("path", "fits"), [("l_l", True), ("ll", False)])
def test_a_double_letter_needs_a_frame_more(path, fits):
    (word,) = aligned(path, "ll")
    assert (word.score is not None) is fits


def test_a_word_is_found_by_the_letters_that_are_known():
    """A comma and a digit are skipped; capitals count as lower case; an accent may be a sign of its own."""
    texts = ["¡Hola,", unicodedata.normalize("NFD", "PERÚ"), "K2!"]
    hola, peru, k2 = aligned("__h_o_l_a__|_p_e_r_ú_|_k__", *texts)
    assert [word.text for word in (hola, peru, k2)] == texts
    assert (frames(hola), frames(peru), frames(k2)) == ((2, 9), (13, 20), (23, 24))
    assert all(word.score == pytest.approx(SURE) for word in (hola, peru, k2))


TEXT = st.text(st.sampled_from("aelmñ ¡!2❤ʼ|_-\nB"), max_size=40)


@given(TEXT, st.integers(1, 60), st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_no_word_is_lost_and_time_runs_forward(text, count, seed):
    words = text.split()
    scores = torch.from_numpy(np.random.default_rng(seed).normal(size=(count, len(SPANISH)))).float()
    timed = align(scores.log_softmax(-1), words, ALPHABET, count * FRAME_S) if words else []
    assert [word.text for word in timed] == words
    moments = [moment for word in timed for moment in (word.start_s, word.end_s)]
    assert moments == sorted(moments)
    assert all(0 <= moment <= count * FRAME_S + 1e-9 for moment in moments)
    assert all(word.score is None or 0 <= word.score <= 1 for word in timed)


def test_a_stretch_of_sound_gets_the_texts_words_in_order(aligner):
    sound, text = noise(48_000), " Fuerza  presidente\nCastillo, 2022 ❤ "
    words = aligner.words(sound, text, "es")
    assert [word.text for word in words] == text.split()
    assert [word.score is None for word in words] == [False, False, False, True, True]
    moments = [moment for word in words for moment in (word.start_s, word.end_s)]
    assert moments == sorted(moments)
    assert 0 <= moments[0] < moments[-1] <= seconds(sound)
    assert aligner.words(sound, text, "es") == words


def test_frames_are_spread_over_the_sound(aligner, monkeypatch):
    path = "__s_i__|_n_o____"
    output = SimpleNamespace(logits=forged(path)[None])
    monkeypatch.setattr(aligner._network.model, "forward", lambda _: output)
    yes, no = aligner.words(noise(64_000), "Si no", "es")
    second_s = 4 / len(path)
    assert (yes.start_s, yes.end_s) == (pytest.approx(2 * second_s), pytest.approx(5 * second_s))
    assert (no.start_s, no.end_s) == (pytest.approx(9 * second_s), pytest.approx(12 * second_s))


def test_a_language_without_spaces_is_timed_sign_by_sign(aligner, monkeypatch):
    """With no delimiter between two signs."""
    output = SimpleNamespace(logits=forged("_años_")[None])
    monkeypatch.setattr(aligner._network.model, "forward", lambda _: output)
    words = aligner.words(noise(96_000), "años 不", "zh")
    assert [word.text for word in words] == ["a", "ñ", "o", "s", "不"]
    assert [(word.start_s, word.end_s) for word in words] == [(1, 2), (2, 3), (3, 4), (4, 5), (5, 6)]


@pytest.mark.parametrize("text", ["", " \n"])
def test_no_words_have_no_times(aligner, text):
    assert aligner.words(noise(1600), text, "es") == []


@pytest.mark.parametrize("samples", [0, 1, 399, 400, 401])
def test_a_moment_of_sound_is_no_crash(aligner, samples):
    words = aligner.words(noise(samples), "sí no", "es")
    assert [word.text for word in words] == ["sí", "no"]
    assert words[0].start_s == 0
    assert words[-1].end_s == pytest.approx(samples / 16_000)


def test_loudness_changes_nothing_where_the_network_was_trained_so(aligner, folder, tmp_path):
    uneven = Aligner(tiny_wav2vec2(tmp_path, even_loudness=False), "cpu")
    quiet, loud = noise(48_000), noise(48_000, 3)
    assert aligner.words(quiet, "no", "es")[0].score == pytest.approx(
        aligner.words(loud, "no", "es")[0].score, rel=1e-3
    )
    assert uneven.words(quiet, "no", "es")[0].score != pytest.approx(
        uneven.words(loud, "no", "es")[0].score, rel=1e-3
    )


def test_a_network_of_capitals_reads_lower_case(tmp_path):
    capitals = Aligner(tiny_wav2vec2(tmp_path, [token.upper() for token in SPANISH[4:]] + ["<pad>"]), "cpu")
    assert capitals._network.alphabet.spell("Año") == capitals._network.alphabet.spell("AÑO")
    assert len(capitals._network.alphabet.spell("año")) == 3


@pytest.mark.parametrize("signs", ["_aA|Bb", "bB|Aa_"])
def test_a_lower_case_letters_number_is_taken_before_its_capitals(signs):
    known = {sign: number for number, sign in enumerate(signs)}
    expected = Alphabet({"a": known["a"], "b": known["b"]}, blank=known["_"], delimiter=known["|"])
    assert _alphabet(known, known["_"], "|") == expected


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """A small network under the name of torchaudio's Spanish one, as if it had been downloaded earlier."""
    spanish = torchaudio.pipelines.VOXPOPULI_ASR_BASE_10K_ES
    small = {
        "extractor_conv_layer_config": [(16, 10, 5), *[(16, 3, 2)] * 4, *[(16, 2, 2)] * 2],
        "encoder_embed_dim": 16,
        "encoder_num_layers": 1,
        "encoder_num_heads": 2,
        "encoder_ff_interm_features": 32,
    }
    monkeypatch.setattr(spanish, "_params", spanish._params | small)
    monkeypatch.setattr(spanish, "_remove_aux_axis", ())
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    torch.manual_seed(2)
    weights = torchaudio.models.wav2vec2_model(**spanish._params).state_dict()
    place = tmp_path / "hub" / "checkpoints" / spanish._path
    place.parent.mkdir(parents=True)
    torch.save(weights, place)
    return place


def test_what_whisperx_aligns_spanish_with_is_loaded_by_its_name(bundle):
    words = Aligner(default_model("es"), "cpu").words(noise(32_000), "¡Ex-presidente 2022!", "es")
    assert [(word.text, word.score is None) for word in words] == [("¡Ex-presidente", False), ("2022!", True)]


def test_a_torchaudio_bundle_that_cannot_be_fetched_is_not_now(bundle, monkeypatch):
    def unreachable(*_, **__):
        raise OSError("Name or service not known")

    bundle.unlink()
    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    with pytest.raises(NotNow, match="cannot be fetched"):
        Aligner("VOXPOPULI_ASR_BASE_10K_ES", "cpu")


def test_each_language_is_aligned_with_what_whisperx_takes():
    table = import_module("whisperx.alignment")
    assert default_model("es") == table.DEFAULT_ALIGN_MODELS_TORCH["es"]
    assert default_model("pt") == table.DEFAULT_ALIGN_MODELS_HF["pt"] == required_model("pt")


def test_a_language_without_an_aligner_is_bad_settings_where_a_study_sets_it():
    assert default_model("qu") is None
    with pytest.raises(BadSettings, match="'qu'"):
        required_model("qu")


def emptied(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def cut_off(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:3000])


def beheaded(folder):
    """As published before it was trained on letters."""
    Wav2Vec2Model(Wav2Vec2ForCTC.from_pretrained(folder).config).save_pretrained(folder)


@pytest.mark.parametrize(
    "break_it",
    [
        emptied,
        cut_off,
        beheaded,
        tiny_bert,
        lambda folder: (folder / "vocab.json").unlink(),
        lambda folder: (folder / "preprocessor_config.json").unlink(),
        lambda folder: (folder / "config.json").write_text("{"),
    ],
    ids=["empty", "cut off", "no letters", "a bert", "no vocabulary", "no features", "no json"],
)
def test_a_folder_that_cannot_be_loaded_is_bad_settings(folder, tmp_path, break_it):
    broken = shutil.copytree(folder, tmp_path / "broken")
    break_it(broken)
    with pytest.raises(BadSettings, match="cannot be loaded") as refused:
        Aligner(broken, "cpu")
    assert str(broken) in refused.value.what


def test_a_device_too_small_is_called_out_of_memory(aligner, monkeypatch):
    def full(*_, **__):
        raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED")

    monkeypatch.setattr(aligner._network.model, "forward", full)
    with pytest.raises(RuntimeError, match="out of memory"):
        aligner.words(noise(16_000), "sí", "es")


def test_nothing_is_printed_while_loading_and_aligning(folder, capfd):
    Aligner(folder, "cpu").words(noise(16_000), "sí no 2022", "es")
    assert capfd.readouterr() == ("", "")
