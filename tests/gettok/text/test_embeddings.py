from datetime import UTC, datetime
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback_hub import loopback_hub
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from gettok.compare.pairs import TextPair, compare
from gettok.errors import BadSettings, NotNow
from gettok.settings import Embedder
from gettok.text.embedders import charngram
from gettok.text.embedders.charngram import CharNgrams
from gettok.text.embedders.transformer import Transformer
from gettok.text.embeddings import cosine, open_embedder

WORDS = ["fuerza", "libertad", "presidente", "castillo", "pueblo", "perú", "marcha", "puno", "no", "sí", "el"]
TEXTS = [" ".join(WORDS[first : first + length]) for first in range(8) for length in (1, 3, 7)]


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    """A folder with a BERT of random weights, as transformers keeps one."""
    hf = import_module("transformers")
    folder = tmp_path_factory.mktemp("bert")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), "utf-8")
    import_module("torch").manual_seed(7)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    hf.BertModel(
        hf.BertConfig(vocab_size=len(vocabulary), max_position_embeddings=24, **shape)
    ).save_pretrained(folder)
    hf.BertTokenizerFast(vocab_file=str(folder / "vocab.txt"), strip_accents=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def transformer(bert):
    return open_embedder(Embedder(kind="transformer", model=str(bert), revision=None))


def test_a_transformers_vector_is_the_mean_over_the_texts_own_tokens(bert, transformer):
    hf = import_module("transformers")
    tokens = hf.AutoTokenizer.from_pretrained(bert)(TEXTS[2], return_tensors="pt")
    with import_module("torch").no_grad():
        expected = (
            hf.AutoModel.from_pretrained(bert).eval()(**tokens).last_hidden_state[0].numpy().mean(axis=0)
        )
    assert isinstance(transformer, Transformer)
    np.testing.assert_allclose(transformer.embed([TEXTS[2]])[0], expected, atol=1e-5)


def test_a_texts_vector_does_not_depend_on_its_neighbours(transformer):
    together = transformer.embed(TEXTS)
    assert together.shape == (len(TEXTS), 32)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, np.concatenate([transformer.embed([t]) for t in TEXTS]), atol=1e-5)


def test_a_text_longer_than_the_model_is_cut_and_not_an_error(transformer):
    long = " ".join(WORDS * 40)
    np.testing.assert_allclose(
        transformer.embed([long]), transformer.embed([long + " castillo libertad"]), atol=1e-5
    )


def test_no_texts_have_no_vectors(transformer):
    assert transformer.embed([]).shape == (0, 32)
    assert cosine(transformer, [], []) == []


def test_the_same_text_has_cosine_1_and_another_less(transformer):
    same, other = cosine(transformer, ["fuerza castillo"] * 2, ["fuerza castillo", "golpe no"])
    assert same == pytest.approx(1, abs=1e-5)
    assert other < 0.999


def test_cosines_are_those_of_scikit_learn(transformer):
    for embedder in (transformer, CharNgrams()):
        expected = np.diag(cosine_similarity(embedder.embed(TEXTS), embedder.embed(TEXTS[::-1])))
        np.testing.assert_allclose(cosine(embedder, TEXTS, TEXTS[::-1]), expected, atol=1e-5)


def test_character_n_grams_measure_spelling_and_not_capitals():
    same, near, far = cosine(
        CharNgrams(), ["Pedro Castillo"] * 3, ["pedro castillo", "pedro castiyo", "buen almuerzo"]
    )
    assert same == pytest.approx(1, abs=1e-6)
    assert 0.3 < near < 0.9
    assert far < 0.1


@given(
    st.lists(st.text("abcñÉΣσß \t\u00a0,'👍", max_size=40), min_size=1, max_size=12),
    st.sampled_from([2, 10**6]),
)
@settings(deadline=None, max_examples=60)
def test_words_that_are_counted_once_give_the_vectors_that_scikit_learn_gives_the_texts(texts, most_words):
    counter = HashingVectorizer(
        analyzer="char_wb", ngram_range=(3, 5), n_features=2**16, norm="l2", dtype=np.float32
    )
    expected = counter.transform(texts).toarray()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charngram, "_MOST_WORDS", most_words)
        embedder = CharNgrams()
        for _ in range(2):
            found = embedder.embed(texts)
            assert found.dtype == np.float32
            np.testing.assert_array_equal(found.toarray(), expected)


def test_no_texts_are_embedded_as_no_rows():
    assert CharNgrams().embed([]).shape == (0, 2**16)


def test_a_text_without_any_letters_has_cosine_0():
    assert cosine(CharNgrams(), ["", ""], ["", "castillo"]) == [0, 0]


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=20))
@settings(deadline=None, max_examples=30)
def test_a_cosine_is_a_number_between_minus_1_and_1(pairs):
    found = cosine(CharNgrams(), [left for left, _ in pairs], [right for _, right in pairs])
    assert len(found) == len(pairs)
    assert all(-1 <= value <= 1 for value in found)


def test_texts_without_a_counterpart_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        cosine(CharNgrams(), ["uno", "dos"], ["uno"])


def test_settings_choose_the_embedder():
    chosen = open_embedder(Embedder(kind="charngram", model=None, revision=None))
    assert isinstance(chosen, CharNgrams)
    with pytest.raises(BadSettings, match=r"embedder\.model"):
        open_embedder(Embedder(kind="transformer", model=None, revision=None))


def test_each_embedder_describes_how_a_text_becomes_a_vector(transformer):
    assert "spelling, not of meaning" in CharNgrams().description
    assert "over all tokens" in transformer.description
    assert transformer.description.endswith("cut off after 24 tokens")


def test_the_special_tokens_at_both_ends_are_among_those_that_are_averaged(bert, transformer):
    hf = import_module("transformers")
    tokens = hf.AutoTokenizer.from_pretrained(bert)("fuerza castillo", return_tensors="pt")
    assert tokens["input_ids"].shape == (1, 4)
    with import_module("torch").no_grad():
        inner = hf.AutoModel.from_pretrained(bert).eval()(**tokens).last_hidden_state[0, 1:-1].numpy()
    assert np.abs(transformer.embed(["fuerza castillo"])[0] - inner.mean(axis=0)).max() > 1e-3


def test_a_transformer_compares_texts_of_a_study(transformer):
    pairs = [
        TextPair("1", datetime(2022, 12, 7, tzinfo=UTC), "captions", "whisper", "fuerza castillo", right)
        for right in ("Fuerza CASTILLO", "golpe no")
    ]
    same, other = compare(pairs, transformer)
    assert same.cosine == pytest.approx(1, abs=1e-5)
    assert other.cosine < 0.999
    assert same.row["jaccard"] == 1


def test_a_folder_without_a_model_is_bad_settings(tmp_path):
    with pytest.raises(BadSettings, match=r"the embedding model .* cannot be loaded"):
        open_embedder(Embedder(kind="transformer", model=str(tmp_path), revision=None))


def test_a_model_of_the_hub_is_identified_by_commit_and_files(bert, transformer, tmp_path, monkeypatch):
    wanted = Embedder(kind="transformer", model="someone/beto", revision="main")
    with loopback_hub(monkeypatch, tmp_path) as hub:
        commit = hub.put("someone/beto", bert)
        fetched = open_embedder(wanted)
    assert fetched.files == {**transformer.files, "repository": "someone/beto", "revision": commit}
    assert len(fetched.files["sha256"]) == 64
    assert CharNgrams().files is None
    np.testing.assert_array_equal(fetched.embed(TEXTS[:3]), transformer.embed(TEXTS[:3]))


def test_a_hub_that_cannot_be_reached_is_not_now_and_a_name_that_it_lacks_bad_settings(tmp_path, monkeypatch):
    missing = Embedder(kind="transformer", model="unknown/no-such-model", revision="main")
    with loopback_hub(monkeypatch, tmp_path), pytest.raises(BadSettings, match="cannot be loaded: 404"):
        open_embedder(missing)
    with pytest.raises(NotNow, match="cannot be fetched"):
        open_embedder(missing)
