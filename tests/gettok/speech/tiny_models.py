"""Speech models of random weights, in folders as transformers keeps them: no hub, no download."""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import (
    BertConfig,
    BertModel,
    GenerationConfig,
    PreTrainedTokenizerFast,
    Wav2Vec2Config,
    Wav2Vec2CTCTokenizer,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

# a tiny network gains nothing from threads, and they spin while another process uses a core
torch.set_num_threads(1)

TOKENIZER = Path(__file__).parents[3] / "sandbox" / "speech" / "whisper_demo" / "tokenizer.json"
#: The only tokens that it may write, so that the end token gets a chance.
WORDS = range(600, 660)
LANGUAGES = ("<|en|>", "<|es|>", "<|pt|>", "<|fr|>")


def tiny_whisper(folder: Path, *, english_only: bool = False, seed: int = 9, ending: float = 1.2) -> Path:
    """A Whisper for 30 s of sound that writes whatever its random weights give, other words for other sounds."""
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    known = tokenizer.get_vocab()
    end, start = known["<|endoftext|>"], known["<|startoftranscript|>"]
    torch.manual_seed(seed)
    config = WhisperConfig(
        vocab_size=len(known),
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_source_positions=1500,
        max_target_positions=64,
        init_std=0.3,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=start,
    )
    model = WhisperForConditionalGeneration(config)
    with torch.no_grad():
        # otherwise it would repeat the same word for ever
        model.get_decoder().embed_positions.weight *= 4
        model.get_input_embeddings().weight[end].normal_(std=0.3)
        model.get_decoder().layer_norm.bias += ending * model.get_input_embeddings().weight[end]
    languages = [token for token in LANGUAGES if token in known]
    model.generation_config = GenerationConfig(
        suppress_tokens=[number for number in range(len(known)) if number not in WORDS and number != end],
        begin_suppress_tokens=[end],
        is_multilingual=not english_only,
        **({} if english_only else {"lang_to_id": {token: known[token] for token in languages}}),
        alignment_heads=[[0, 0]],
        eos_token_id=end,
        pad_token_id=end,
        decoder_start_token_id=start,
    )
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|endoftext|>",
        bos_token="<|endoftext|>",
        unk_token="<|endoftext|>",
    ).save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(folder)
    return folder


def tiny_bert(folder: Path) -> Path:
    """A model of another kind, in place of what the folder held."""
    shape = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=2501, **shape)).save_pretrained(folder)
    return folder


SPANISH = ["<pad>", "<s>", "</s>", "<unk>", "|", *"abcdefghijklmnopqrstuvwxyzáéíóúüñ'"]


def tiny_wav2vec2(folder: Path, tokens: list[str] = SPANISH, *, even_loudness: bool = True) -> Path:
    """A network that recognises these letters, with a frame every 20 ms."""
    torch.manual_seed(4)
    config = Wav2Vec2Config(
        vocab_size=len(tokens),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=(16,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        initializer_range=1.0,
        pad_token_id=tokens.index("<pad>"),
    )
    Wav2Vec2ForCTC(config).save_pretrained(folder)
    numbers = {token: number for number, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(numbers), "utf-8")
    Wav2Vec2CTCTokenizer(str(folder / "vocab.json")).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=even_loudness).save_pretrained(folder)
    return folder
