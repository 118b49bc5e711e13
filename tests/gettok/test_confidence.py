"""Three ways to say how sure a stance is: votes, agreement of several models, and log-probabilities."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from scripted_endpoint import Endpoint, completion, conf, fails, llm, new_folder, says

from gettok.describe import DescribeStep
from gettok.errors import BadSettings, Unusable
from gettok.llm import Calls, asker_for
from gettok.settings import Prompt, StancePrompt, StanceTarget
from gettok.settings.secrets import Secret
from gettok.stance import StanceInputs, StanceStep
from gettok.tables import STANCES
from sandbox.model.stance_lexicon import lexicon_score
from sandbox.profiles import profile_named
from sandbox.server import Sandbox

TARGET = StanceTarget(target="Pedro Castillo", labels=("support", "no support", "neutral"))
PROMPT = StancePrompt(name="test", text="Towards {target}: {labels}?", inputs=("transcript",))
OTHERS = [
    {"model": "model-b", "prices": {"input_usd_per_million": 10.0, "output_usd_per_million": 0.0}},
    {"model": "model-c", "prices": {"input_usd_per_million": 0.0, "output_usd_per_million": 100.0}},
]
SAID = "Fuerza presidente, libertad para Castillo"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as endpoint:
        yield endpoint
        asker_for.cache_clear()


def step(url: str = "http://x/v1", folder: Path | None = None, **changes: Any) -> StanceStep:
    return StanceStep(llm(**changes), PROMPT, TARGET, url, Secret("sandbox"), folder or new_folder())


def said(label: str, model: str = "model-a", **how: Any) -> Any:
    return says({"label": label, "evidence": "", "missing": ""}, model=model, **how)


def judged(url: str, **changes: Any) -> dict[str, Any]:
    chosen = step(url, **changes)
    (row,) = chosen.read(chosen.ask(StanceInputs(SAID, None, None, None, None)))
    STANCES.frame([{"video_id": "1", **row}])
    return row


def test_by_votes_it_is_the_share_of_all_votes_and_the_others_are_named(endpoint: Endpoint) -> None:
    endpoint.plays(
        said("neutral"),
        said("support"),
        says(None, refusal="no", model="model-a"),
        said("support"),
        said("neutral"),
    )
    row = judged(endpoint.url, votes=5, temperature=0.7)
    assert (row["label"], row["confidence"], row["confidence_by"]) == ("neutral", 0.4, "votes")
    assert row["votes"] == ["neutral", "support", None, "support", "neutral"]
    assert (row["abstentions"], row["tied_with"]) == (["refused"], ["support"])
    assert row["voters"] == ["model-a"] * 5


def test_of_three_tied_labels_both_others_are_named(endpoint: Endpoint) -> None:
    endpoint.plays(said("neutral"), said("no support"), said("support"))
    row = judged(endpoint.url, votes=3)
    assert (row["label"], row["tied_with"]) == ("neutral", ["no support", "support"])


def test_by_models_each_is_asked_as_often_with_the_same_words(endpoint: Endpoint) -> None:
    endpoint.plays(
        said("support", "a-1"),
        said("support", "a-1"),
        said("neutral", "b-1"),
        said("support", "b-1"),
        said("support", "c-1"),
        fails(400, "content_filter"),
    )
    row = judged(endpoint.url, votes=2, others=OTHERS)
    assert [(one.pop("model"), one.pop("seed")) for one in endpoint.asked] == [
        (f"model-{letter}", vote) for letter in "abc" for vote in (0, 1)
    ]
    assert all(one == endpoint.asked[0] for one in endpoint.asked)
    assert (row["label"], row["confidence"], row["confidence_by"]) == ("support", 0.6667, "models")
    assert row["voters"] == ["a-1", "a-1", "b-1", "b-1", "c-1", None]
    assert (row["abstentions"], row["model"]) == (["filtered"], "a-1, b-1, c-1")


def test_each_models_answers_cost_its_own_prices(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.plays(said("support", "a-1"), said("support", "b-1"), said("support", "c-1"))
    row = judged(endpoint.url, others=OTHERS, folder=tmp_path)
    assert row["cost_usd"] == 0.002 + 0.01 + 0.01
    with Calls(tmp_path, None) as calls:
        assert {one.model: float(one.usd) for one in calls.by_model()} == {
            "model-a": 0.002,
            "model-b": 0.01,
            "model-c": 0.01,
        }


def test_a_malformed_vote_is_mended_by_the_model_that_gave_it(endpoint: Endpoint) -> None:
    endpoint.plays(said("support"), said("FAVOR", "b-1"), said("support", "b-1"))
    row = judged(endpoint.url, others=OTHERS[:1])
    assert [one["model"] for one in endpoint.asked] == ["model-a", "model-b", "model-b"]
    assert (row["confidence"], row["votes"]) == (1.0, ["support", "support"])


def test_a_model_that_is_not_there_is_named_with_its_setting(endpoint: Endpoint) -> None:
    endpoint.plays(said("support"), fails(404, "model_not_found"))
    with pytest.raises(BadSettings, match=r"llm\.others 'model-b'"):
        judged(endpoint.url, others=OTHERS)


def test_where_more_than_half_of_the_models_say_nothing_there_is_no_label(endpoint: Endpoint) -> None:
    endpoint.plays(said("support"), says(None, refusal="no"), fails(400, "content_filter"))
    with pytest.raises(Unusable, match=r"^refused") as lost:
        judged(endpoint.url, others=OTHERS)
    row = lost.value.row
    assert (row["votes"], row["abstentions"]) == (["support", None, None], ["refused", "filtered"])
    assert row["voters"] == ["model-a", "model-a-2026-09", None]


def test_one_vote_of_one_model_has_no_confidence(endpoint: Endpoint) -> None:
    endpoint.plays(said("support"))
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


def test_by_logprobs_a_label_that_another_goes_on_from_counts_with_its_end(endpoint: Endpoint) -> None:
    tokens = (('{"label": "', 0.9), ("no", 0.8), ('", "evidence": "", "missing": ""}', 0.5))
    endpoint.plays(with_logprobs("no", *tokens))
    target = StanceTarget(target="X", labels=("no", "no support", "support"))
    chosen = replace(step(endpoint.url, confidence="logprobs"), target=target)
    (row,) = chosen.read(chosen.ask(StanceInputs(SAID, None, None, None, None)))
    assert row["confidence"] == 0.4


def test_by_logprobs_a_host_that_tells_none_leaves_it_empty(endpoint: Endpoint) -> None:
    endpoint.plays(said("support"))
    row = judged(endpoint.url, confidence="logprobs")
    assert (row["label"], row["confidence"], row["confidence_by"]) == ("support", None, None)


def test_a_mended_answer_has_the_probability_of_the_mended_one(endpoint: Endpoint) -> None:
    tokens = (('{"label": "', 1), ("support", 0.6), ('", "evidence": "", "missing": ""}', 1))
    endpoint.plays(said("FAVOR"), with_logprobs("support", *tokens))
    row = judged(endpoint.url, confidence="logprobs")
    assert row["confidence"] == 0.6
    assert all(one["logprobs"] for one in endpoint.asked)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "videos.json").write_text("[]")
    return folder


@pytest.mark.parametrize(
    ("does", "confidence"),
    [("given", pytest.approx(lexicon_score(SAID).confidence, abs=0.01)), ("ignored", None)],
)
def test_the_sandboxs_model_is_as_sure_as_its_verdict(corpus: Path, does: str, confidence: Any) -> None:
    profile = replace(profile_named("clean"), logprobs=does)
    settings = conf("llm/sandbox.yaml") | {"confidence": "logprobs"}
    with Sandbox(corpus=corpus, profile=profile) as sandbox:
        row = judged(sandbox.model, **settings)
    asker_for.cache_clear()
    assert (row["label"], row["confidence"]) == ("support", confidence)


def test_a_host_that_refuses_log_probabilities_stops_the_run_and_says_so(corpus: Path) -> None:
    profile = replace(profile_named("clean"), logprobs="refused")
    settings = conf("llm/sandbox.yaml") | {"confidence": "logprobs"}
    with Sandbox(corpus=corpus, profile=profile) as sandbox, pytest.raises(BadSettings, match="'logprobs'"):
        judged(sandbox.model, **settings)
    asker_for.cache_clear()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"confidence": "logprobs", "votes": 2}, "takes votes 1 and no others"),
        ({"confidence": "logprobs", "others": OTHERS}, "takes votes 1 and no others"),
        ({"others": [OTHERS[0], OTHERS[0]]}, "names a model twice"),
        ({"others": [{**OTHERS[0], "model": "model-a"}]}, "names a model twice"),
        ({"others": [{"model": "model-b", "prices": None}]}, "prices"),
    ],
)
def test_settings_that_mean_no_one_confidence_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        llm(**changes)


def test_no_description_depends_on_how_stances_are_voted_on() -> None:
    def describing(**changes: Any) -> Any:
        given = Prompt(name="x", text="x"), "http://x/v1", Secret("k"), new_folder()
        return DescribeStep(llm(**changes), *given).settings

    ways = [{"votes": 3}, {"others": OTHERS}, {"confidence": "logprobs"}]
    assert all(describing(**way) == describing() for way in ways)
    keys = [json.dumps(step(**way).settings) for way in [{}, *ways, {"others": OTHERS[:1]}]]
    assert len(set(keys)) == len(keys)
    dearer = [{"model": "model-b", "prices": {"input_usd_per_million": 1, "output_usd_per_million": 1}}]
    assert step(others=dearer).settings == step(others=OTHERS[:1]).settings
