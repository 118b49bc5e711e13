"""A call never costs more than was reserved for it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_endpoint import jpeg, llm

from gettok.llm import ModelCall, Question
from gettok.llm.pricing import (
    CallSize,
    cost_usd,
    image_tokens,
    typical_usd,
    worst_case_usd,
    worst_case_with_repair_usd,
)
from gettok.media.images import Picture
from gettok.settings import ImageTokens, Prices

COUNTS = ImageTokens(low=85, base=85, square=170)
PRICES = Prices(input_usd_per_million=1.0, output_usd_per_million=10.0)


@pytest.mark.parametrize(
    ("width", "height", "detail", "tokens"),
    [
        (1024, 1024, "high", 765),  # the two examples of OpenAI's guide to images
        (2048, 4096, "high", 1105),
        (4096, 8192, "low", 85),
        (512, 512, "high", 255),
        (512, 512, "auto", 255),
        (1, 1, "high", 255),
    ],
)
def test_pictures_are_counted_as_openai_counts_them(width, height, detail, tokens):
    assert image_tokens([(width, height)], detail, COUNTS) == tokens


def test_tokens_cost_their_price():
    assert cost_usd(1_000_000, 100_000, PRICES) == Decimal(2)
    assert cost_usd(0, 0, PRICES) == 0


def test_tokens_from_the_cache_have_their_own_price_where_there_is_one_and_a_count():
    cheaper = PRICES.model_copy(update={"cached_input_usd_per_million": 0.25})
    assert cost_usd(1_000_000, 0, cheaper, 800_000) == Decimal("0.4")
    assert cost_usd(1_000_000, 0, cheaper) == cost_usd(1_000_000, 0, PRICES, 800_000) == 1


def test_what_is_cached_costs_no_more_than_the_rest_so_that_a_budget_holds():
    both = {"input_usd_per_million": 1.0, "output_usd_per_million": 1.0}
    assert Prices(**both, cached_input_usd_per_million=1.0).cached_input_usd_per_million == 1
    with pytest.raises(ValueError, match="more than input_usd_per_million"):
        Prices(**both, cached_input_usd_per_million=1.1)


def call(text, repair=()):
    question = Question("rule", (text, Picture(0, 0.0, jpeg("a"))), "form", {"type": "object"})
    return ModelCall(question, 0, repair)


@given(text=st.text(max_size=300))
def test_the_worst_case_counts_a_token_for_each_byte_and_the_longest_answer(text):
    size = call(text).size(llm(max_tokens=300))
    assert size.max_input_tokens >= len(text.encode("utf-8", "surrogatepass")) + 85
    assert size.max_output_tokens == 300
    assert worst_case_usd(size, PRICES) >= typical_usd(size, PRICES) > 0


def test_a_call_to_repair_a_reply_is_larger_than_the_first():
    malformed = {"role": "assistant", "content": "red"}
    assert call("x", (malformed,)).size(llm()).max_input_tokens > call("x").size(llm()).max_input_tokens


def test_an_answer_of_typical_length_is_never_longer_than_the_longest():
    size = CallSize(text_bytes=400, messages=2, image_tokens=0, max_output_tokens=10)
    assert typical_usd(size, PRICES) == cost_usd(size.typical_input_tokens, 10, PRICES)


@pytest.mark.parametrize(
    ("width", "height", "squares"),
    [
        (512, 512, 1),
        (513, 512, 2),
        (4096, 512, 4),
        (512, 4096, 4),
        (2048, 768, 8),
        (768, 2048, 8),
        (1024, 1024, 4),
        (1, 1, 1),
    ],
)
def test_a_picture_is_fitted_into_2048_and_its_shorter_side_to_768_whichever_that_is(width, height, squares):
    counts = ImageTokens(low=1, base=10, square=100)
    assert image_tokens([(width, height)], "high", counts) == 10 + 100 * squares
    assert image_tokens([(width, height)] * 2, "auto", counts) == 2 * (10 + 100 * squares)
    assert image_tokens([(width, height)] * 2, "low", counts) == 2
    assert image_tokens([(width, height)], "high", ImageTokens(low=10_000, base=10, square=1)) == 10_000


def test_a_size_is_counted_in_tokens_as_the_formulas_say():
    size = CallSize(text_bytes=101, messages=3, image_tokens=7, max_output_tokens=200)
    prices = Prices(input_usd_per_million=1.0, output_usd_per_million=1000.0)
    assert size.max_input_tokens == 101 + 3 * 16 + 7
    assert size.typical_input_tokens == 26 + 24 + 7
    assert worst_case_usd(size, prices) * 10**6 == 156 + 200_000
    assert typical_usd(size, prices) * 10**6 == 57 + 150_000
    assert typical_usd(size, prices, 300) * 10**6 == 57 + 200_000
    again = 156 + 200 + 1000 + 32
    assert worst_case_with_repair_usd(size, prices) * 10**6 == 156 + 200_000 + again + 200_000
