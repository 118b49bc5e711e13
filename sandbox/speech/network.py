"""A small network of Whisper's architecture and its tokenizer, made from nothing: no hub, no download."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from torch import Tensor, nn
from torch.nn.functional import gelu
from transformers import WhisperConfig, WhisperForConditionalGeneration
from transformers.models.whisper.tokenization_whisper import LANGUAGES


@dataclass(frozen=True)
class Shape:
    """How large a network is; `bands` are the mel bands of what it hears."""

    width: int
    heads: int
    hearing_layers: int
    writing_layers: int
    bands: int = 80


TEXT_TOKENS = 900
DEMO_SHAPE = Shape(width=160, heads=4, hearing_layers=4, writing_layers=2)
WINDOW_POSITIONS, MOST_TOKENS = 1500, 448
TIMESTAMPS = 1501
NOTHING = ""  # a token that writes nothing: the answer to a clip without words
LETTERS = " abcdefghijklmnopqrstuvwxyzáéíóúüñ"  # what the auxiliary head spells; 0 is its blank

SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    *(f"<|{code}|>" for code in list(LANGUAGES)[:99]),
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
)


def train_tokenizer(texts: Sequence[str]) -> Tokenizer:
    """Byte-level BPE over the texts, then the empty token, then Whisper's special tokens in its order.

    ctranslate2 takes a vocabulary for multilingual only if it holds the empty string. The same token is what
    a clip without words is answered with: decoders forbid the end of the text as a first token. They forbid
    the lone space too, so every letter that begins a word gets a token together with its space.
    """
    draft = Tokenizer(BPE())
    draft.pre_tokenizer = ByteLevel(add_prefix_space=False)
    alphabet = sorted(ByteLevel.alphabet())
    trainer = BpeTrainer(vocab_size=TEXT_TOKENS, initial_alphabet=alphabet, show_progress=False)
    initials = sorted({word[0] for text in texts for word in text.split()})
    lone = [f" {initial}" for initial in initials] * len(texts)
    draft.train_from_iterator([f" {text}" for text in texts] + lone, trainer)
    model = json.loads(draft.to_str())["model"]
    vocabulary = {**model["vocab"], NOTHING: len(model["vocab"])}
    tokenizer = Tokenizer(BPE(vocabulary, [(left, right) for left, right in model["merges"]]))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL_TOKENS])
    stamps = [AddedToken(f"<|{i * 0.02:.2f}|>", special=True) for i in range(TIMESTAMPS)]
    tokenizer.add_special_tokens(stamps)
    return tokenizer


def build(tokenizer: Tokenizer, shape: Shape = DEMO_SHAPE) -> WhisperForConditionalGeneration:
    end, start = (tokenizer.token_to_id(token) for token in SPECIAL_TOKENS[:2])
    config = WhisperConfig(
        vocab_size=tokenizer.get_vocab_size(),
        num_mel_bins=shape.bands,
        d_model=shape.width,
        encoder_layers=shape.hearing_layers,
        decoder_layers=shape.writing_layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=4 * shape.width,
        decoder_ffn_dim=4 * shape.width,
        max_source_positions=WINDOW_POSITIONS,
        max_target_positions=MOST_TOKENS,
        dropout=0.0,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=start,
    )
    return WhisperForConditionalGeneration(config)


class Listener:
    """The network with a spelling head on its hearing half, which is thrown away after training.

    Without that head the network learns the grammar of the sentences and never listens. It hears windows of
    any length up to 30 s: the position table is cut to the clip.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.whisper = build(tokenizer)
        self.spelling = nn.Linear(DEMO_SHAPE.width, len(LETTERS) + 1)
        self.whole = nn.ModuleDict({"whisper": self.whisper, "spelling": self.spelling})

    def hear(self, features: Tensor) -> Tensor:
        """From (clips, 80, rows) to (clips, rows / 2, width)."""
        encoder = self.whisper.model.encoder
        heard = gelu(encoder.conv2(gelu(encoder.conv1(features)))).transpose(1, 2)
        heard = heard + encoder.embed_positions.weight[: heard.shape[1]]
        for layer in encoder.layers:
            heard = layer(heard, None, None)[0]
        normed: Tensor = encoder.layer_norm(heard)
        return normed

    def write(self, heard: Tensor, tokens: Tensor) -> Tensor:
        """Scores of the next token at every place, shape (clips, tokens, vocabulary)."""
        decoder = self.whisper.model.decoder
        written = decoder(input_ids=tokens, encoder_hidden_states=heard, use_cache=False)
        scores: Tensor = self.whisper.proj_out(written.last_hidden_state)
        return scores

    def spell(self, heard: Tensor) -> Tensor:
        """Log-probabilities of letters, time first, as the CTC loss wants them."""
        letters: Tensor = self.spelling(heard).log_softmax(-1).transpose(0, 1)
        return letters


def save(listener: Listener, averaged: dict[str, Tensor], folder: Path) -> None:
    """Weights as they are and as averaged; written beside and moved, so that a reader never sees half."""
    beside = folder / "weights.part"
    torch.save({"weights": listener.whole.state_dict(), "averaged": averaged}, beside)
    beside.replace(folder / "weights.pt")


def restored(folder: Path, tokenizer: Tokenizer, *, averaged: bool) -> Listener:
    """The network as `save` left it: its averaged weights, or the last ones."""
    listener = Listener(tokenizer)
    saved = torch.load(folder / "weights.pt", map_location="cpu", weights_only=True)
    listener.whole.load_state_dict(saved["averaged" if averaged else "weights"])
    return listener
