"""Half of the votes, ties, the first vote that gives a reason, and how a quotation is found; without an endpoint."""

import json

import pytest
from codebook_steps import inputs, stance, step

from gettok.annotate.quotes import quoted_in
from gettok.llm.response import Reply
from gettok.media.images import Picture
from gettok.step import Answer


def reply(label, evidence="", missing=""):
    """As an answer stores it; without a label it was refused."""
    text = json.dumps({"label": label, "evidence": evidence, "missing": missing})
    message = {"content": text} if label else {"content": None, "refusal": "no"}
    return [Reply(200, json.dumps({"choices": [{"finish_reason": "stop", "message": message}]})).stored()]


def read(*replies, quoted=None):
    found = [{} for _ in replies] if quoted is None else quoted
    body = {"votes": list(replies), "quoted_in": found, "inputs_used": ["transcript"], "frame_indices": []}
    (row,) = step(votes=len(replies), temperature=0.5).read(Answer(body))
    return row


@pytest.mark.parametrize(
    ("votes", "label", "tied", "confidence"),
    [
        (["support", None], "support", [], 0.5),
        ([None, "support", None, "neutral"], "support", ["neutral"], 0.25),
        (["neutral", "support", "support", None, None], "support", [], 0.4),
        (["neutral", "neutral", "support"], "neutral", [], 0.6667),
        (["no support", "neutral", "neutral", "no support", "support"], "no support", ["neutral"], 0.4),
    ],
)
def test_a_label_needs_as_many_votes_as_have_failed(votes, label, tied, confidence):
    row = read(*map(reply, votes))
    assert (row["label"], row["tied_with"], row["confidence"]) == (label, tied, confidence)
    assert row["votes"] == votes
    assert row["failed_votes"] == ["refused"] * votes.count(None)


@pytest.mark.parametrize("votes", [[None], ["support", None, None], [None, None, "support", None, "support"]])
def test_more_failed_votes_than_labels_leave_no_label(votes):
    row = read(*map(reply, votes))
    assert (row["status"], row["reason"], row["votes"]) == ("unusable", "refused", votes)
    assert "label" not in row


def test_evidence_and_what_is_missing_are_those_of_the_first_vote_for_the_label_that_gives_any():
    row = read(
        reply("neutral", "of another", "of another"),
        reply("support"),
        reply("support", "first"),
        reply("support", "second", "more"),
        reply("support", "third", "less"),
        quoted=[{"of another": ["caption"]}, {}, {"first": ["transcript"]}, {"second": ["description"]}, {}],
    )
    assert (row["evidence"], row["evidence_in"], row["missing"]) == ("first", ["transcript"], "more")
    bare = read(reply("support"), reply("support"))
    assert (bare["evidence"], bare["evidence_in"], bare["missing"]) == (None, [], None)


def test_the_wording_fills_in_target_and_labels_in_one_pass_and_leaves_other_braces():
    text = "Towards {target}: {labels}? {other}"
    assert stance(text, "X").instructions() == "Towards X: 'support', 'no support', 'neutral'? {other}"
    assert stance(text, "{labels}").instructions() == (
        "Towards {labels}: 'support', 'no support', 'neutral'? {other}"
    )


class Pictures:
    def __init__(self, count):
        self.pictures = [Picture(index, float(index), b"x") for index in range(count)]

    def load(self):
        return self.pictures


@pytest.mark.parametrize(("count", "middle"), [(1, 0), (2, 1), (3, 1), (9, 4)])
def test_the_frame_is_the_middle_one(count, middle):
    given = inputs(None, None, None, None, Pictures(count))
    assert [picture.frame_index for picture in given.frames(1)] == [middle]


def test_texts_come_in_one_order_without_blank_ones():
    given = inputs("t", "d", "o", "c")
    assert list(given.texts().items()) == [
        ("transcript", "t"), ("description", "d"), ("on_screen_text", "o"), ("caption", "c"),
    ]  # fmt: skip
    assert inputs(" \n", None, "", "c").texts() == {"caption": "c"}
    assert given.frames(1) == []


@pytest.mark.parametrize("kept", ["transcript", "description", "on_screen_text", "caption", "frames"])
def test_only_the_named_input_is_kept(kept):
    pictures = Pictures(1)
    given = inputs("t", "d", "o", "c", pictures).only([kept])
    found = {*given.texts(), *(["frames"] if given.pictures is pictures else [])}
    assert found == {kept}


TEXTS = {"transcript": "Fuerza, presidente ❤️ y más", "caption": "El pueblo y la fuerza presidente"}


@pytest.mark.parametrize(
    ("evidence", "names"),
    [
        ("fuerza presidente", ["transcript", "caption"]),
        ("“El pueblo” … “fuerza”", ["transcript", "caption"]),
        ("el pueblo; inventado", []),
        ("puebl", []),
        ("uerza presidente", []),
        ("mas", []),
        ("❤", ["transcript"]),
        ("El pueblo [...] la fuerza", ["caption"]),
        ("más\nel pueblo", ["transcript", "caption"]),
        ("", []),
        (" … ", []),
    ],
)
def test_a_quotation_is_whole_words_and_each_of_several_must_be_there(evidence, names):
    assert quoted_in(evidence, TEXTS) == names
