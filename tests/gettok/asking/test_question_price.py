"""What a question costs is never more than what was set aside for it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_endpoint import jpeg, llm

from gettok.llm import Call, Question
from gettok.llm.pricing import Size, about_usd, cost_usd, picture_tokens, worst_usd
from gettok.media.images import Picture
from gettok.settings import ImageTokens, Prices

COUNTS = ImageTokens(low=85, base=85, square=170)
PRICES = Prices(input_usd_per_million=1.0, output_usd_per_million=10.0)


@pytest.mark.parametrize(
    ("width", "height", "detail", "tokens"),
    [
        (1024, 1024, "high", 765),  # the two examples of OpenAI's own guide to pictures
        (2048, 4096, "high", 1105),
        (4096, 8192, "low", 85),
        (512, 512, "high", 255),
        (512, 512, "auto", 255),
        (1, 1, "high", 255),
    ],
)
def test_pictures_are_counted_as_openai_counts_them(width, height, detail, tokens):
    assert picture_tokens([(width, height)], detail, COUNTS) == tokens


def test_tokens_cost_their_price():
    assert cost_usd(1_000_000, 100_000, PRICES) == Decimal(2)
    assert cost_usd(0, 0, PRICES) == 0


def call(text, mended=()):
    question = Question("rule", (text, Picture(0, 0.0, jpeg("a"))), "form", {"type": "object"})
    return Call(question, 0, mended)


@given(text=st.text(max_size=300))
def test_the_worst_case_counts_a_token_for_each_byte_and_the_longest_answer(text):
    size = call(text).size(llm(max_tokens=300))
    assert size.most_sent >= len(text.encode("utf-8", "surrogatepass")) + 85
    assert size.most_tokens == 300
    assert worst_usd(size, PRICES) >= about_usd(size, PRICES) > 0


def test_a_call_to_mend_a_reply_is_larger_than_the_first():
    told = {"role": "assistant", "content": "red"}
    assert call("x", (told,)).size(llm()).most_sent > call("x").size(llm()).most_sent


def test_an_answer_of_ordinary_length_is_never_longer_than_the_longest():
    size = Size(text_bytes=400, messages=2, picture_tokens=0, most_tokens=10)
    assert about_usd(size, PRICES) == cost_usd(size.about_sent, 10, PRICES)
