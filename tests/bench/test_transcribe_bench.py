"""The bench of `transcribe`, at a small size: it runs, and every candidate has the same model, words and work."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import ctranslate2
import numpy as np
import pytest
from root import ROOT

from bench.candidates import real_whisper
from sandbox.corpus import truth

pytestmark = pytest.mark.slow
needs_whisper = pytest.mark.skipif(
    find_spec("whisper") is None,
    reason="openai-whisper is in the group `bench`, which `make test-bench` installs",
)

needs_real_whisper = pytest.mark.skipif(
    not real_whisper.is_installed(),
    reason="Whisper base is in the group `real-models`, which `make test-bench` installs",
)

MODEL = ROOT / "sandbox" / "speech" / "whisper_demo"
TOKENS = 12
PROMPT = ("<|startoftranscript|>", "<|es|>", "<|transcribe|>", "<|notimestamps|>")
OTHERS = {"openai_whisper", "faster_whisper", "faster_whisper_batched", "whisperx"}


def figures(*arguments):
    command = [sys.executable, "bench/transcribe.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=800)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def sound():
    from faster_whisper.audio import decode_audio  # noqa: PLC0415 - slow, and no fast test needs it

    media = sorted((truth.HERE / "media").glob("*.mp4"))
    return [decode_audio(str(path)) for path in media[:3]]


@pytest.fixture(scope="module")
def random_models(tmp_path_factory):
    """The same weights for transformers and for CTranslate2."""
    from sandbox.speech.random_model import write  # noqa: PLC0415 - slow

    return write(tmp_path_factory.mktemp("random"), "tiny", tokens=TOKENS)


@pytest.fixture(scope="module")
def random_model(random_models):
    return random_models[1]


def loaded(folder: Path):
    from faster_whisper import WhisperModel  # noqa: PLC0415 - slow

    return WhisperModel(str(folder), device="cpu", compute_type="float32")


@needs_whisper
@needs_real_whisper
def test_every_candidate_writes_about_the_same_words_with_a_real_model():
    found = figures("--clips", "2", "--model", "real")
    assert found["words_equal"]
    assert all(found[f"speedup_over_{candidate}"] > 0 for candidate in OTHERS)
    assert all(found[f"wer_{candidate}"] < 0.5 for candidate in (*OTHERS, "ours"))
    assert found["wer_ours"] < found["wer_whisperx"] + 0.05


@needs_real_whisper
def test_each_in_its_own_number_format_ours_writes_the_same_words_one_by_one():
    found = figures(
        "--clips", "3", "--model", "real", "--own-formats", "--candidates", "ours,ours_one_by_one"
    )
    assert found["own_formats"]
    assert found["words_equal"]
    assert found["wer_ours"] < 0.5


@needs_whisper
def test_every_candidate_is_compared_with_ours():
    found = figures("--clips", "2")
    assert found["clips"] == 2
    assert 20 <= found["sound_s"] <= 120
    assert found["words_equal"]
    assert all(found[f"speedup_over_{candidate}"] > 0 for candidate in OTHERS)
    assert set(found["seconds"]) == OTHERS | {"ours", "ours_one_by_one"}
    assert found["wer_ours"] < 0.5
    assert found["wer_whisperx"] < 0.5
    assert all(peak > 50 for peak in found["peak_mib"].values())
    assert found["peak_mib_of_children"]["ours"] > 20 > found["peak_mib_of_children"]["faster_whisper"]
    assert "published_whisperx_times_real_time" not in found, "those are for a large model on a GPU"


def test_a_random_model_of_any_size_can_be_measured():
    found = figures(
        "--clips", "2", "--model", "tiny", "--tokens", "12", "--candidates", "whisperx,ours,ours_one_by_one"
    )
    assert found["words_equal"]
    assert found["speedup_over_whisperx"] > 0
    assert found["speedup_over_openai_whisper"] is None


@pytest.mark.parametrize("beam_size", [1, 5])
def test_the_answers_of_a_random_model_have_the_requested_length(random_model, sound, beam_size):
    """No candidate is given the length; the model itself ends there."""
    model = loaded(random_model)
    texts = []
    for clip in sound:
        segments, _ = model.transcribe(
            clip, language="es", beam_size=beam_size, temperature=0.0, without_timestamps=True
        )
        (only,) = segments
        assert len(only.tokens) == TOKENS
        assert only.no_speech_prob < 0.01
        texts.append(only.text)
    assert len(set(texts)) == len(texts)
    assert all(text.replace(" ", "").isalpha() for text in texts)


def test_transformers_writes_the_same_words_with_a_random_model(random_models, sound):
    import torch  # noqa: PLC0415 - slow
    from transformers import GenerationMixin, WhisperForConditionalGeneration  # noqa: PLC0415 - slow

    for_transformers, for_ctranslate2 = random_models
    model, theirs = loaded(for_ctranslate2), WhisperForConditionalGeneration.from_pretrained(for_transformers)
    prompt = [model.hf_tokenizer.token_to_id(token) for token in PROMPT]
    for clip in sound:
        mel = window(model.feature_extractor(clip))
        (expected,) = model.model.generate(model.encode(mel), [prompt], beam_size=1)
        written = GenerationMixin.generate(
            theirs,
            torch.from_numpy(mel)[None],
            attention_mask=torch.ones(1, 3000),
            decoder_input_ids=torch.tensor([prompt]),
            max_new_tokens=100,
        )
        *tokens, end = written[0, len(prompt) :].tolist()
        assert tokens == expected.sequences_ids[0]
        assert len(tokens) == TOKENS
        assert end == model.hf_tokenizer.token_to_id("<|endoftext|>")


def test_the_same_seed_gives_the_same_random_model(random_model, tmp_path):
    from sandbox.speech.random_model import SEED, write  # noqa: PLC0415 - slow

    weights = (random_model / "model.bin").read_bytes()
    again, other = (
        write(tmp_path / str(seed), "tiny", tokens=TOKENS, seed=seed) for seed in (SEED, SEED + 1)
    )
    assert (again[1] / "model.bin").read_bytes() == weights
    assert (other[1] / "model.bin").read_bytes() != weights


def test_a_random_model_can_have_the_vocabulary_of_the_true_one(sound, tmp_path):
    from sandbox.speech.network import Shape  # noqa: PLC0415 - slow
    from sandbox.speech.random_model import write  # noqa: PLC0415 - slow

    size = Shape(width=64, heads=4, encoder_layers=1, decoder_layers=2, vocabulary=51_866)
    model = loaded(write(tmp_path, size, tokens=TOKENS)[1])
    assert model.hf_tokenizer.get_vocab_size() == 51_866
    segments, _ = model.transcribe(sound[0], language="es", temperature=0.0, without_timestamps=True)
    (only,) = segments
    assert len(only.tokens) == TOKENS
    assert only.text.replace(" ", "").isalpha()


def test_without_a_gpu_the_bench_says_so_and_measures_nothing():
    if ctranslate2.get_cuda_device_count():
        assert figures("--device", "cuda", "--clips", "1", "--candidates", "ours")["device"] == "cuda"
        return
    command = [sys.executable, "bench/transcribe.py", "--device", "cuda", "--model", "large-v3-turbo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=800)
    assert done.returncode == 1
    assert "There is no GPU" in done.stderr
    assert done.stdout == ""


@needs_whisper
@pytest.mark.parametrize("kind", ["int8", "float32", "float16"])
def test_openai_whisper_encodes_with_the_same_weights_as_ctranslate2(kind, random_model, sound, tmp_path):
    import torch  # noqa: PLC0415 - slow

    from bench.candidates.transcribe.openai_whisper import whisper  # noqa: PLC0415 - slow
    from sandbox.speech.random_model import write  # noqa: PLC0415 - slow

    folder = {"int8": MODEL, "float32": random_model}.get(kind) or write(
        tmp_path, "tiny", number_format=kind
    )[1]
    model, theirs = loaded(folder), whisper(folder)
    mel = window(model.feature_extractor(sound[0]))
    encoded = model.encode(mel)
    with torch.no_grad():
        heard = theirs.encoder(torch.from_numpy(mel)[None]).numpy()
    expected = np.asarray(encoded)
    assert heard.shape == expected.shape
    assert np.abs(heard - expected).max() < 1e-2 * np.abs(expected).max()


def window(features):
    """The features of Whisper's window of 30 s."""
    return np.pad(features[:, :3000], ((0, 0), (0, max(0, 3000 - features.shape[1])))).astype(np.float32)


@needs_whisper
def test_openai_whisper_writes_what_faster_whisper_writes():
    found = figures("--clips", "2", "--candidates", "openai_whisper,faster_whisper")
    assert found["wer_openai_whisper"] == pytest.approx(found["wer_faster_whisper"], abs=0.02)


@needs_whisper
def test_openai_whisper_knows_the_vocabulary(sound):
    from tokenizers import Tokenizer  # noqa: PLC0415 - slow

    from bench.candidates.transcribe.openai_whisper import encoding  # noqa: PLC0415 - slow

    text = "El presidente anunció, según él, que ¡mañana! hablará; ¿verdad? 1.000 señores y güeros…"
    ours, theirs = Tokenizer.from_file(str(MODEL / "tokenizer.json")), encoding(MODEL / "tokenizer.json")
    assert theirs.encode(text) == ours.encode(text).ids
    assert theirs.decode(theirs.encode(text)) == text
    assert theirs.eot_token == ours.token_to_id("<|endoftext|>")
    assert theirs.n_vocab == ours.get_vocab_size()
