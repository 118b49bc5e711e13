"""A model from outside may be a pickle, or bring code, which could run any program: it is refused, and runs nothing."""

import io
import json
import sys
from pathlib import Path

import pytest
import torch
from demo_model import demo_settings
from tiny_models import tiny_bert, tiny_wav2vec2, tiny_whisper

from gettok.errors import BadSettings
from gettok.settings import Embedder
from gettok.speech.alignment import Aligner
from gettok.speech.recognizer import backend_of
from gettok.text.embeddings import open_embedder


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self):
        return Path.touch, (self._mark,)


def whisper(folder: Path) -> None:
    chosen = demo_settings(backend="transformers", model=str(folder), language=None, window_s=30)
    backend_of(chosen).load(folder, chosen)


def embedder(folder: Path) -> None:
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n", "utf-8")
    open_embedder(Embedder(kind="transformer", model=str(folder), revision=None))


def aligner(folder: Path) -> None:
    Aligner(folder, "cpu")


@pytest.mark.parametrize(
    ("make", "load"), [(tiny_whisper, whisper), (tiny_bert, embedder), (tiny_wav2vec2, aligner)]
)
def test_f54_weights_that_are_a_pickle_are_refused_and_run_nothing(tmp_path, make, load):
    folder, mark = make(tmp_path / "model"), tmp_path / "mark"
    (folder / "model.safetensors").unlink()
    torch.save({"weight": Evil(mark)}, folder / "pytorch_model.bin")
    with pytest.raises(BadSettings, match="cannot be loaded"):
        load(folder)
    assert not mark.exists()
    torch.load(folder / "pytorch_model.bin", weights_only=False)
    assert mark.exists(), "it would have run"


def test_f54_a_bundle_that_is_a_pickle_is_refused_and_runs_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    file = tmp_path / "hub" / "checkpoints" / "wav2vec2_fairseq_base_ls960_asr_ls960.pth"
    file.parent.mkdir(parents=True)
    torch.save({"weight": Evil(tmp_path / "mark")}, file)
    with pytest.raises(BadSettings, match="cannot be loaded"):
        Aligner("WAV2VEC2_ASR_BASE_960H", "cpu")
    assert not (tmp_path / "mark").exists()


def with_code(folder: Path, mark: Path) -> None:
    """Code beside the model that makes a file when it is imported."""
    (folder / "own.py").write_text(
        f"from pathlib import Path\nPath({str(mark)!r}).touch()\nclass Own: ...\n", "utf-8"
    )


def own_model(folder: Path) -> None:
    """Have the model be of a class in that code."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    own = {"model_type": "own", "auto_map": {"AutoConfig": "own.Own", "AutoModel": "own.Own"}}
    (folder / "config.json").write_text(json.dumps(config | own), "utf-8")


def own_tokenizer(folder: Path) -> None:
    own = {"tokenizer_class": "Own", "auto_map": {"AutoTokenizer": ["own.Own", None]}}
    (folder / "tokenizer_config.json").write_text(json.dumps(own), "utf-8")


@pytest.fixture
def someone_says_yes(tmp_path, monkeypatch):
    """At the terminal, where the library would ask whether to run such code; it would copy it to a folder first."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\ny\ny\n"))
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr(sys, "path", [*sys.path])


@pytest.mark.parametrize(
    ("make", "change", "load"),
    [
        (tiny_bert, own_model, embedder),
        (tiny_bert, own_tokenizer, embedder),
        (tiny_whisper, own_tokenizer, whisper),
    ],
)
@pytest.mark.usefixtures("someone_says_yes")
def test_f54_code_that_comes_with_a_model_is_not_run_nor_is_anyone_asked(
    tmp_path, capsys, make, change, load
):
    folder, mark = make(tmp_path / "model"), tmp_path / "mark"
    with_code(folder, mark)
    change(folder)
    with pytest.raises(BadSettings, match="cannot be loaded"):
        load(folder)
    assert not mark.exists()
    assert "[y/N]" not in capsys.readouterr().out
