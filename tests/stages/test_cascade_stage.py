"""A cascade keeps what its small model is sure of, by people's labels, and asks the large one about the rest."""

import json
from pathlib import Path

import pytest
from workspace import Workspace

from gettok.tables import ANNOTATIONS, CASCADE, PROMPT_INJECTION
from sandbox.server import Sandbox

DAY = "2022-12-07"
#: The small model reads twelve words, and so not what comes after these.
LEAD = "Hoy hubo muchas noticias en la plaza mayor de la ciudad capital. "
FOR, AGAINST = "Fuerza presidente Castillo, libertad para él.", "Castillo golpista y corrupto, a la cárcel."
SMALL, LARGE = "sandbox-vision-small", "sandbox-vision"
STUDY = (
    f"study.start='{DAY}'",
    f"study.end='{DAY}'",
    "codebook=stance",
    "codebook.variables.stance.inputs=[transcript]",
    "llm.confidence=logprobs",
    "prompt_injection=off",
)
PRICES = "prices: {input_usd_per_million: 1.0, output_usd_per_million: 5.0}"
CASCADE_ON = f"llm.cascade={{model: {LARGE}, {PRICES}, error: 0.2, min_labels: 20}}"


def videos() -> dict[str, tuple[str, str]]:
    """Thirty videos with a true label: of every third, the small model does not see what decides."""
    found = {}
    for number in range(30):
        label, words = ("support", FOR) if number % 2 else ("no support", AGAINST)
        lead = LEAD if number % 3 == 0 else ""
        found[str(71_000 + number)] = label, f"{lead}{words} {number}"
    return found


HIDDEN = {video_id for place, video_id in enumerate(videos()) if place % 3 == 0}


@pytest.fixture
def study(tmp_path, sandbox):
    made = Workspace.make(tmp_path, sandbox.base, *STUDY, f"llm.model={SMALL}")
    made.write_transcripts(DAY, {video_id: text for video_id, (_, text) in videos().items()})
    return made


def label(study: Workspace, count: int) -> None:
    """People label this many videos, all of them rightly."""
    lines = [f"{video_id},{truth}" for video_id, (truth, _) in list(videos().items())[:count]]
    file = study.folder / "inputs" / "cascade" / "human_labels.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(["video_id,label", *lines]), "utf-8")


def rows(study: Workspace) -> dict[str, dict]:
    table = ANNOTATIONS.read(study.data / "annotations")
    return {row["video_id"]: row for row in table.to_dicts()}


def chosen(study: Workspace) -> dict:
    return json.loads((study.data / "cascade" / "chosen.json").read_text("utf-8"))


def planned(study: Workspace) -> list[tuple[int, ...]]:
    """Of the small and of the large model: the videos, answers and calls that are known, and videos that may come."""
    code, text, err = study.gettok("plan", "--json")
    assert code == 0, err
    stages = [stage for stage in json.loads(text)["stages"] if stage["stage"] == "annotate"]
    assert [stage["models"] for stage in stages] == [[SMALL], [LARGE]]
    parts = [(stage["known"], stage["estimated"]) for stage in stages]
    return [(known["videos"], known["answered"], known["calls"], more["videos"]) for known, more in parts]


def asked(sandbox: Sandbox) -> list[str]:
    """The model of each call so far."""
    return [entry["subject"].split()[0] for entry in sandbox.requests() if "chat" in entry["path"]]


def test_what_the_small_model_is_unsure_of_is_asked_again_and_nothing_else(study, sandbox):
    study.run("annotate")
    alone = rows(study)
    assert {alone[video_id]["label"] for video_id in HIDDEN} == {"neutral"}
    assert chosen(study) == {}
    label(study, 30)
    study.compose(*STUDY, f"llm.model={SMALL}", CASCADE_ON)
    assert planned(study)[1] == (10, 0, 10, 0), "exactly those of which it is not sure"
    before = len(asked(sandbox))
    output = study.run("annotate")
    assert planned(study)[1] == (10, 10, 0, 0)
    assert asked(sandbox)[before:] == [LARGE] * len(HIDDEN), "the small model's answers are the same"
    found = rows(study)
    assert {video_id: row["label"] for video_id, row in found.items()} == {
        video_id: truth for video_id, (truth, _) in videos().items()
    }
    again = {video_id for video_id, row in found.items() if row["first_model"]}
    assert again == HIDDEN
    for video_id, row in found.items():
        is_again = video_id in again
        assert (row["model"], row["first_model"]) == ((LARGE, SMALL) if is_again else (SMALL, None))
        assert (row["answer_key"] == alone[video_id]["answer_key"]) == (not is_again)
    small = CASCADE.read(study.data / "cascade" / "stance")
    assert {row["video_id"]: row["answer_key"] for row in small.to_dicts()} == {
        video_id: alone[video_id]["answer_key"] for video_id in HIDDEN
    }
    of = chosen(study)
    assert of["groups"] == {"stance": {"videos": 30, "asked_again": 10}}
    threshold = of["variables"]["stance"]
    assert (threshold["labelled"], threshold["kept"], threshold["wrong"]) == (30, 20, 0)
    assert 0.5 < threshold["value"] <= min(alone[id_]["confidence"] for id_ in set(alone) - HIDDEN)
    assert threshold["high"] == pytest.approx(0.1684, abs=1e-4), "Clopper and Pearson's, of 0 in 20"
    assert f"{LARGE} was asked about 10 of 30 videos" in output
    books = study.books("annotate")
    assert (books["asked"], books["ok"]) == (30, 30)
    study.compose(*STUDY, f"llm.model={LARGE}")
    before = len(asked(sandbox))
    study.run("annotate")
    assert len(asked(sandbox)) - before == 20, (
        "what the cascade asked the large model is an answer of its own"
    )
    assert {id_: rows(study)[id_]["answer_key"] for id_ in HIDDEN} == {
        id_: found[id_]["answer_key"] for id_ in HIDDEN
    }


@pytest.mark.parametrize("count", [0, 19])
def test_with_too_few_labels_every_video_goes_to_the_large_model_and_that_is_said(study, count):
    if count:
        label(study, count)
    study.compose(*STUDY, f"llm.model={SMALL}", CASCADE_ON)
    assert planned(study) == [(30, 0, 30, 0), (0, 0, 0, 30)], "each may be asked again"
    bound = "annotate stance, asked again, estimated: at most 30 videos, as it is asked only where sandbox-vision-small"
    assert bound in study.gettok("plan")[1]
    output = study.run("annotate")
    assert {row["model"] for row in rows(study).values()} == {LARGE}
    assert f"stance: {count} answers that people judged too, and 20 are needed" in output
    assert chosen(study)["groups"]["stance"] == {"videos": 30, "asked_again": 30}


def test_labels_of_a_misspelt_variable_are_named(study):
    label(study, 30)
    file = study.folder / "inputs" / "cascade" / "human_labels.csv"
    lines = file.read_text("utf-8").splitlines()
    file.write_text(
        "\n".join(["variable,video_id,label", *(f"stanse,{line}" for line in lines[1:])]), "utf-8"
    )
    study.compose(*STUDY, f"llm.model={SMALL}", CASCADE_ON)
    output = study.run("annotate")
    assert "stance: 0 answers that people judged too" in output
    assert "has 30 labels of 'stanse', which the codebook does not have; did you mean stance?" in output


def test_a_variant_is_judged_by_the_model_that_judged_its_video(study):
    label(study, 30)
    study.compose(*STUDY[:-1], f"llm.model={SMALL}", CASCADE_ON, "prompt_injection.videos=6")
    study.run("annotate")
    variants = PROMPT_INJECTION.read(study.data / "prompt_injection.parquet").to_dicts()
    assert {row["video_id"] in HIDDEN for row in variants} == {True, False}
    for row in variants:
        expected = (LARGE, SMALL) if row["video_id"] in HIDDEN else (SMALL, None)
        assert (row["model"], row["first_model"]) == expected


def test_a_cascade_in_batches_gives_the_same_table(study, tmp_path):
    label(study, 30)
    on = (*STUDY, f"llm.model={SMALL}", CASCADE_ON)
    study.compose(*on)
    study.run("annotate")
    direct = ANNOTATIONS.read(study.data / "annotations").drop("answer")
    study.environment["GETTOK_STORE"] = str(Path(tmp_path) / "another")
    study.compose(*on, "llm.batch={requests: 50, bytes: 10000000, poll_s: 0.05}")
    study.run("annotate")
    assert ANNOTATIONS.read(study.data / "annotations").drop("answer").equals(direct, null_equal=True)


def test_a_plan_prices_variants_by_the_large_model_at_the_most_until_it_is_known_who_judges_them(study):
    injected = (*STUDY[:-1], "prompt_injection.videos=6")

    def most_of_variants(*settings):
        study.compose(*injected, *settings)
        code, text, err = study.gettok("plan", "--json")
        assert code == 0, err
        (stage,) = [each for each in json.loads(text)["stages"] if each["stage"] == "prompt_injection"]
        return stage["estimated"]["cost"]["most"]

    dear = "llm.prices={input_usd_per_million: 1.0, output_usd_per_million: 5.0}"
    by_large = most_of_variants(f"llm.model={LARGE}", dear)
    assert most_of_variants(f"llm.model={SMALL}") < by_large
    assert most_of_variants(f"llm.model={SMALL}", CASCADE_ON) == pytest.approx(by_large)


def test_a_group_without_a_label_stays_with_the_small_model_in_the_plan_too(study, sandbox):
    variable = "{question: Which words?, kind: span, inputs: [transcript]}"
    study.compose(*STUDY, f"llm.model={SMALL}", CASCADE_ON, f"+codebook.variables.words={variable}")
    assert "annotate words, asked again" not in study.gettok("plan")[1]
    output = study.run("annotate")
    assert "words: " not in output
    assert set(chosen(study)["groups"]) == {"stance"}
    assert set(asked(sandbox)[-30:]) == {SMALL}, "the words are asked last"
