"""Tables of the words with which an answer ends."""

import pytest

from gettok.llm.finish_reasons import ending_of

ENDINGS = {
    "whole": "stop tool_calls function_call end_turn stop_sequence tool_use tool_call complete eos eos_token",
    "cut_short": "length max_tokens model_length repetition model_context_window_exceeded max_output_tokens "
    "error_limit token_limit",
    "filtered": "content_filter safety recitation blocklist prohibited_content spii language image_safety "
    "image_prohibited_content image_recitation model_armor sensitive content_filtered guardrail_intervened "
    "error_toxic",
    "refused": "refusal",
    "failed": "error abort aborted load unload network_error insufficient_system_resource timeout cancelled canceled "
    "user_cancel other malformed_function_call unexpected_tool_call too_many_tool_calls malformed_response "
    "missing_thought_signature malformed_model_output",
}


ENDED = [(word, ending) for ending, words in ENDINGS.items() for word in words.split()]


@pytest.mark.parametrize(("word", "ending"), ENDED)
def test_every_word_for_an_ending_is_known_in_every_form(word: str, ending: str) -> None:
    head, *tail = word.split("_")
    for written in (
        word,
        word.upper(),
        word.replace("_", "-"),
        word.replace("_", " "),
        head + "".join(part.title() for part in tail),
        f"FinishReason.{word.upper()}",
        f"FINISH_REASON_{word.upper()}",
        f"{word}: AND_MORE",
        {"type": word},
    ):
        assert ending_of({"finish_reason": written}) == ending


@pytest.mark.parametrize(("word", "ending"), ENDED)
def test_an_ending_other_than_whole_counts_whichever_of_the_two_words_has_it(word: str, ending: str) -> None:
    assert ending_of({"finish_reason": word, "native_finish_reason": "stop"}) == ending
    assert ending_of({"finish_reason": "stop", "native_finish_reason": word}) == ending
    assert ending_of({"finish_reason": "odd", "native_finish_reason": word}) == ending
    assert ending_of({"finish_reason": "length", "native_finish_reason": word}) == "cut_short"
