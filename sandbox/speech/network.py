"""A small network of Whisper's architecture and its tokenizer, built from scratch without a download."""

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
    """The size of a network; `bands` is the number of mel bands of its input.

    `vocabulary` is the least number of tokens, filled up with unused ones; with 0 there are those of the tokenizer.
    """

    width: int
    heads: int
    encoder_layers: int
    decoder_layers: int
    bands: int = 80
    vocabulary: int = 0


TEXT_TOKENS = 900
DEMO_SHAPE = Shape(width=160, heads=4, encoder_layers=4, decoder_layers=2)
WINDOW_POSITIONS, MAX_TOKENS = 1500, 448
TIMESTAMPS = 1501
NOTHING = ""  # an empty token: the answer to a clip without words
LETTERS = " abcdefghijklmnopqrstuvwxyzáéíóúüñ"  # the classes of the CTC head; 0 is its blank

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

    CTranslate2 treats a vocabulary as multilingual only if it contains the empty string. The same token is the
    answer to a clip without words, because decoders forbid the end of the text as the first token. They also forbid
    a lone space, so every letter that begins a word gets a token together with its space.
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
        encoder_layers=shape.encoder_layers,
        decoder_layers=shape.decoder_layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=4 * shape.width,
        decoder_ffn_dim=4 * shape.width,
        max_source_positions=WINDOW_POSITIONS,
        max_target_positions=MAX_TOKENS,
        dropout=0.0,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=start,
    )
    return WhisperForConditionalGeneration(config)


class SpeechModel:
    """The network with a CTC head on its encoder, which is discarded after training.

    Without that head the network learns the grammar of the sentences and ignores the sound. Its windows have
    any length up to 30 s: the position table is cut to the clip.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.whisper = build(tokenizer)
        self.ctc_head = nn.Linear(DEMO_SHAPE.width, len(LETTERS) + 1)
        self.modules = nn.ModuleDict({"whisper": self.whisper, "ctc_head": self.ctc_head})

    def encode(self, features: Tensor) -> Tensor:
        """From (clips, 80, rows) to (clips, rows / 2, width)."""
        encoder = self.whisper.model.encoder
        hidden = gelu(encoder.conv2(gelu(encoder.conv1(features)))).transpose(1, 2)
        hidden = hidden + encoder.embed_positions.weight[: hidden.shape[1]]
        for layer in encoder.layers:
            hidden = layer(hidden, None, None)[0]
        normed: Tensor = encoder.layer_norm(hidden)
        return normed

    def decode(self, encoded: Tensor, tokens: Tensor) -> Tensor:
        """The scores of the next token at every position, shape (clips, tokens, vocabulary)."""
        decoder = self.whisper.model.decoder
        output = decoder(input_ids=tokens, encoder_hidden_states=encoded, use_cache=False)
        scores: Tensor = self.whisper.proj_out(output.last_hidden_state)
        return scores

    def ctc_log_probabilities(self, encoded: Tensor) -> Tensor:
        """The log-probabilities of letters, time first, as the CTC loss expects them."""
        letters: Tensor = self.ctc_head(encoded).log_softmax(-1).transpose(0, 1)
        return letters


def save(model: SpeechModel, averaged: dict[str, Tensor], folder: Path) -> None:
    """Save the weights and their average; written to a temporary file first, so that a reader sees complete files."""
    partial = folder / "weights.part"
    torch.save({"weights": model.modules.state_dict(), "averaged": averaged}, partial)
    partial.replace(folder / "weights.pt")


def load_weights(folder: Path, tokenizer: Tokenizer, *, averaged: bool) -> SpeechModel:
    """The network from `save`, with its averaged or its last weights."""
    model = SpeechModel(tokenizer)
    saved = torch.load(folder / "weights.pt", map_location="cpu", weights_only=True)
    model.modules.load_state_dict(saved["averaged" if averaged else "weights"])
    return model
