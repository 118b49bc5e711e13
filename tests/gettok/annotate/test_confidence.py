"""Three measures of an annotation's confidence: votes, agreement of several models, and log-probabilities."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from codebook_steps import inputs, stance, step
from pydantic import ValidationError
from scripted_endpoint import Endpoint, completion, conf, fails, llm, new_folder, says

from gettok.annotate.group import Group
from gettok.describe.step import DescribeStep
from gettok.errors import BadSettings
from gettok.llm import CallLog
from gettok.llm.client import chat_client
from gettok.settings import Prompt
from gettok.settings.secrets import Secret
from gettok.tables import ANNOTATIONS
from sandbox.model.stance_lexicon import lexicon_score
from sandbox.profiles import profile_named
from sandbox.server import Sandbox

EXTRA_MODELS = [
    {"model": "model-b", "prices": {"input_usd_per_million": 10.0, "output_usd_per_million": 0.0}},
    {"model": "model-c", "prices": {"input_usd_per_million": 0.0, "output_usd_per_million": 100.0}},
]
GROUP = stance("Towards {target}: {labels}?", inputs=["transcript"])
TRANSCRIPT = "Fuerza presidente, libertad para Castillo"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as endpoint:
        yield endpoint
        chat_client.cache_clear()


def judges(label: str, model: str = "model-a", **options: Any) -> Any:
    return says({"label": label, "evidence": "", "missing": ""}, model=model, **options)


def judged(url: str, group: Group = GROUP, **changes: Any) -> dict[str, Any]:
    chosen = step(url, group, **changes)
    (row,) = chosen.read(chosen.ask(inputs(TRANSCRIPT)))
    ANNOTATIONS.frame([{"video_id": "1", **row}])
    return row


def test_by_votes_it_is_the_share_of_all_votes_and_the_others_are_named(endpoint: Endpoint) -> None:
    endpoint.plays(
        judges("neutral"),
        judges("support"),
        says(None, refusal="no", model="model-a"),
        judges("support"),
        judges("neutral"),
    )
    row = judged(endpoint.url, votes=5, temperature=0.7)
    assert (row["label"], row["confidence"], row["confidence_by"]) == ("neutral", 0.4, "votes")
    assert row["votes"] == ["neutral", "support", None, "support", "neutral"]
    assert (row["failed_votes"], row["tied_with"]) == (["refused"], ["support"])
    assert row["voters"] == ["model-a"] * 5


def test_of_three_tied_labels_both_others_are_named(endpoint: Endpoint) -> None:
    endpoint.plays(judges("neutral"), judges("no support"), judges("support"))
    row = judged(endpoint.url, votes=3)
    assert (row["label"], row["tied_with"]) == ("neutral", ["no support", "support"])


def test_by_models_each_is_asked_as_often_with_the_same_words(endpoint: Endpoint) -> None:
    endpoint.plays(
        judges("support", "a-1"),
        judges("support", "a-1"),
        judges("neutral", "b-1"),
        judges("support", "b-1"),
        judges("support", "c-1"),
        fails(400, "content_filter"),
    )
    row = judged(endpoint.url, votes=2, extra_models=EXTRA_MODELS)
    assert [(request.pop("model"), request.pop("seed")) for request in endpoint.asked] == [
        (f"model-{letter}", vote) for letter in "abc" for vote in (0, 1)
    ]
    assert all(request == endpoint.asked[0] for request in endpoint.asked)
    assert (row["label"], row["confidence"], row["confidence_by"]) == ("support", 0.6667, "models")
    assert row["voters"] == ["a-1", "a-1", "b-1", "b-1", "c-1", None]
    assert (row["failed_votes"], row["model"]) == (["filtered"], "a-1, b-1, c-1")


def test_each_models_answers_cost_its_own_prices(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.plays(judges("support", "a-1"), judges("support", "b-1"), judges("support", "c-1"))
    row = judged(endpoint.url, extra_models=EXTRA_MODELS, folder=tmp_path)
    assert row["cost_usd"] == 0.002 + 0.01 + 0.01
    with CallLog(tmp_path, None) as call_log:
        assert {cost.model: float(cost.usd) for cost in call_log.by_model()} == {
            "model-a": 0.002,
            "model-b": 0.01,
            "model-c": 0.01,
        }


def test_a_malformed_vote_is_repaired_by_the_model_that_gave_it(endpoint: Endpoint) -> None:
    endpoint.plays(judges("support"), judges("FAVOR", "b-1"), judges("support", "b-1"))
    row = judged(endpoint.url, extra_models=EXTRA_MODELS[:1])
    assert [request["model"] for request in endpoint.asked] == ["model-a", "model-b", "model-b"]
    assert (row["confidence"], row["votes"]) == (1.0, ["support", "support"])


def test_a_missing_model_is_named_with_its_setting(endpoint: Endpoint) -> None:
    endpoint.plays(judges("support"), fails(404, "model_not_found"))
    with pytest.raises(BadSettings, match=r"llm\.extra_models 'model-b'"):
        judged(endpoint.url, extra_models=EXTRA_MODELS)


def test_if_more_than_half_of_the_models_say_nothing_there_is_no_label(endpoint: Endpoint) -> None:
    endpoint.plays(judges("support"), says(None, refusal="no"), fails(400, "content_filter"))
    row = judged(endpoint.url, extra_models=EXTRA_MODELS)
    assert (row["status"], row["reason"]) == ("unusable", "refused")
    assert (row["votes"], row["failed_votes"]) == (["support", None, None], ["refused", "filtered"])
    assert row["voters"] == ["model-a", "model-a-2026-09", None]


def test_one_vote_of_one_model_has_no_confidence(endpoint: Endpoint) -> None:
    endpoint.plays(judges("support"))
    row = judged(endpoint.url)
    assert (row["confidence"], row["confidence_by"]) == (None, None)
    assert "logprobs" not in endpoint.asked[0]


def with_logprobs(label: str, *tokens: tuple[str, float]) -> Any:
    body = json.loads(completion({"label": label, "evidence": "", "missing": ""}))
    content = [{"token": text, "logprob": math.log(chance)} for text, chance in tokens]
    body["choices"][0]["logprobs"] = {"content": content}
    return replace(says(""), body=json.dumps(body).encode())


def test_by_logprobs_it_is_the_labels_own_probability(endpoint: Endpoint) -> None:
    tokens = (
        ('{"label": "', 0.9),
        ("no", 0.8),
        (" support", 0.9),
        ('", "evidence": "", "missing": ""}', 0.5),
    )
    endpoint.plays(with_logprobs("no support", *tokens))
    row = judged(endpoint.url, confidence="logprobs")
    assert (row["confidence"], row["confidence_by"]) == (0.72, "logprobs")
    assert (endpoint.asked[0]["logprobs"], endpoint.asked[0]["top_logprobs"]) == (True, 1)


def test_by_logprobs_a_label_that_another_begins_with_counts_with_its_end(endpoint: Endpoint) -> None:
    tokens = (('{"label": "', 0.9), ("no", 0.8), ('", "evidence": "", "missing": ""}', 0.5))
    endpoint.plays(with_logprobs("no", *tokens))
    group = stance(labels=("no", "no support", "support"))
    assert judged(endpoint.url, group, confidence="logprobs")["confidence"] == 0.4


def test_by_logprobs_a_host_that_returns_none_leaves_it_empty(endpoint: Endpoint) -> None:
    endpoint.plays(judges("support"))
    row = judged(endpoint.url, confidence="logprobs")
    assert (row["label"], row["confidence"], row["confidence_by"]) == ("support", None, None)


def test_a_repaired_answer_has_the_probability_of_the_repaired_one(endpoint: Endpoint) -> None:
    tokens = (('{"label": "', 1), ("support", 0.6), ('", "evidence": "", "missing": ""}', 1))
    endpoint.plays(judges("FAVOR"), with_logprobs("support", *tokens))
    row = judged(endpoint.url, confidence="logprobs")
    assert row["confidence"] == 0.6
    assert all(request["logprobs"] for request in endpoint.asked)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "videos.json").write_text("[]")
    return folder


@pytest.mark.parametrize(
    ("does", "confidence"),
    [("given", pytest.approx(lexicon_score(TRANSCRIPT).confidence, abs=0.01)), ("ignored", None)],
)
def test_the_sandboxs_model_is_as_sure_as_its_verdict(corpus: Path, does: str, confidence: Any) -> None:
    profile = replace(profile_named("clean"), logprobs=does)
    settings = conf("llm/sandbox.yaml") | {"confidence": "logprobs"}
    with Sandbox(corpus=corpus, profile=profile) as sandbox:
        row = judged(sandbox.model, **settings)
    chat_client.cache_clear()
    assert (row["label"], row["confidence"]) == ("support", confidence)


def test_a_host_that_refuses_log_probabilities_stops_the_run_and_says_so(corpus: Path) -> None:
    profile = replace(profile_named("clean"), logprobs="refused")
    settings = conf("llm/sandbox.yaml") | {"confidence": "logprobs"}
    with Sandbox(corpus=corpus, profile=profile) as sandbox, pytest.raises(BadSettings, match="'logprobs'"):
        judged(sandbox.model, **settings)
    chat_client.cache_clear()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"confidence": "logprobs", "votes": 2}, "needs a single answer"),
        (
            {"confidence": "logprobs", "extra_models": EXTRA_MODELS},
            "needs a single answer",
        ),
        ({"extra_models": [EXTRA_MODELS[0], EXTRA_MODELS[0]]}, "names a model twice"),
        ({"extra_models": [{**EXTRA_MODELS[0], "model": "model-a"}]}, "names a model twice"),
        ({"extra_models": [{"model": "model-b", "prices": None}]}, "prices"),
    ],
)
def test_contradictory_settings_of_confidence_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        llm(**changes)


def test_no_description_depends_on_how_annotations_are_voted_on() -> None:
    def describing(**changes: Any) -> Any:
        given = Prompt(name="x", text="x"), "http://x/v1", Secret("k"), new_folder()
        return DescribeStep(llm(**changes), *given).settings

    changes = [{"votes": 3}, {"extra_models": EXTRA_MODELS}, {"confidence": "logprobs"}]
    assert all(describing(**change) == describing() for change in changes)
    keys = [
        json.dumps(step(**change).settings) for change in [{}, *changes, {"extra_models": EXTRA_MODELS[:1]}]
    ]
    assert len(set(keys)) == len(keys)
    dearer = [{"model": "model-b", "prices": {"input_usd_per_million": 1, "output_usd_per_million": 1}}]
    assert step(extra_models=dearer).settings == step(extra_models=EXTRA_MODELS[:1]).settings
