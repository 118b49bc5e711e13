"""A wrong codebook is refused in words that name the very key, before anything is asked."""

import pytest

from gettok.errors import BadSettings
from gettok.settings import check
from gettok.settings.known_keys import is_known, no_such_key
from gettok.tables.dataset import DATASET, variable_column_names

TONE = {"question": "Which tone?", "kind": "one_of", "labels": ["calm", "angry"], "inputs": ["transcript"]}


@pytest.fixture
def variables(params):
    """The demo's variables, with one more at the end."""
    params["codebook"]["variables"]["tone"] = dict(TONE)
    return params["codebook"]["variables"]


def refusal(params):
    with pytest.raises(BadSettings) as refused:
        check(params, "params")
    return refused.value.what.removeprefix("params: ")


def test_the_demo_s_codebook_with_one_more_variable_is_valid(params, variables):
    codebook = check(params, "params").codebook
    assert codebook.variables["tone"].label_names == ("calm", "angry")
    assert list(codebook.groups)[-1] == codebook.group_of("tone") == "tone"


def test_labels_that_look_the_same_are_the_same_whichever_characters_they_are_written_in(params, variables):
    """A Mac's editors may write the accent as a character of its own."""
    variables["tone"]["labels"] = ["calm", "cri\u0301tica"]
    variables["blame"] = {**TONE, "applies_if": {"variable": "tone", "has": ["cri\u0301tica"]}}
    found = check(params, "params").codebook.variables
    assert found["tone"].label_names == ("calm", "cr\u00edtica")
    assert found["blame"].applies_if.is_met_by("cr\u00edtica")


ON = {"variable": "stance", "has": ["support"]}


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"kind": "anyof"}, "kind: must be one of one_of, any_of"),
        ({"qestion": "x"}, "qestion: there is no such key; did you mean codebook.variables.tone.question?"),
        ({"question": " "}, "question: ' ' is blank"),
        ({"labels": ["calm"]}, "labels: the kind one_of needs two labels or more"),
        ({"labels": []}, "labels: the kind one_of needs two labels or more"),
        ({"kind": "any_of", "labels": []}, "labels: the kind any_of needs a label or more"),
        ({"kind": "number"}, "labels: the kind number has no labels"),
        ({"kind": "yes_no"}, "labels: the kind yes_no has the labels yes and no"),
        ({"labels": ["calm", "Calm"]}, "labels: 'calm' is there twice, as a label or a synonym"),
        ({"labels": ["calm", {"label": "b", "synonyms": ["CALM"]}]}, "labels: 'calm' is there twice"),
        ({"kind": "yes_no", "labels": [{"label": "yes", "synonyms": ["No"]}]}, "labels: 'no' is there twice"),
        ({"labels": ["calm", "angry "]}, "labels.1.label: 'angry ' begins or ends with a blank"),
        ({"labels": ["calm", "at {target}"]}, "labels.1.label: 'at {target}' is a label, in which {target} is not re"),
        ({"labels": ["calm", " "]}, "labels.1.label: ' ' is blank"),
        ({"labels": ["calm", True]}, "labels.1.label: must be text, and true without quotes is true or false: quote"),
        ({"labels": ["calm", 1]}, "labels.1.label: must be text, and 1 without quotes is a number: quote it"),
        ({"labels": ["calm", None]}, "labels.1.label: must be text (it is null)"),
        ({"labels": "calm"}, "labels: must be a list (it is 'calm')"),
        ({"labels": ["calm", {"label": "b", "defn": "x"}]}, "labels.1.defn: there is no such key; "),
        ({"inputs": []}, "inputs: must have at least 1 value"),
        ({"kind": "span", "labels": [], "inputs": ["frames"]}, "inputs: the kind span quotes words of a text"),
        ({"inputs": ["smell"]}, "inputs.0: must be one of transcript, description"),
        ({"inputs": ["caption", "sound", "video"]}, "inputs: tone is to be judged by sound, video, which llm.sees "),
        ({"inputs": ["frames"], "group": "content"}, "inputs: tone and call_to_action are asked in one call"),
        ({"group": "Content"}, "group: is no name for a variable or a group"),
        ({"group": "g" * 65}, "group: is no name for a variable or a group"),
        ({"group": "stance"}, "group: stance is a variable that is asked alone: give it the group stance, too"),
        ({"abstain": "yes"}, "abstain: must be true or false"),
        ({"applies_if": {**ON, "variable": "stanc"}}, "applies_if: there is no variable stanc; did you mean stance?"),
        ({"applies_if": {**ON, "variable": "tone"}}, "applies_if: tone cannot be asked on a condition about itself"),
        ({"applies_if": {**ON, "has": ["suport"]}}, "applies_if.has: stance has no label 'suport', but support"),
        ({"applies_if": {"variable": "places", "has": ["x"]}}, "applies_if.has: places has no label 'x', but none, as"),
        ({"applies_if": {**ON, "has": []}}, "applies_if.has: must have at least 1 value"),
        ({"labels": [f"label {n}" for n in range(251)]}, ": the group tone has 251 labels of "),
        ({"labels": ["x" * 8000, "y" * 8000]}, ": the group tone has 2 labels of 16000 characters together"),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_refused_by_the_name_of_its_key(params, variables, change, refused):
    variables["tone"] |= change
    dot = "" if refused.startswith(":") else "."
    assert refusal(params).startswith(f"codebook.variables.tone{dot}{refused}")


@pytest.mark.parametrize("name", ["Tone", "tone of voice", "1tone", "_tone", "ton\u00e9", "", "t" * 65])
def test_a_name_that_no_column_or_host_takes_is_refused(params, variables, name):
    variables[name] = TONE
    assert f"codebook.variables.{name}: is no name for a variable or a group" in refusal(params)


@pytest.mark.parametrize(("name", "shown"), [(True, "true"), (12, "12"), (None, "null")])
def test_a_name_that_yaml_does_not_read_as_text_is_to_be_quoted(params, variables, name, shown):
    variables[name] = TONE
    assert f"codebook.variables.{shown}: is a key that is not text: quote it (it is {shown})" in refusal(
        params
    )


TAKEN = [*DATASET.schema.names(), *variable_column_names("stance").values()]


@pytest.mark.parametrize("name", [name for name in TAKEN if name != "stance"])
def test_a_variable_has_no_column_that_the_dataset_has(params, variables, name):
    variables[name] = TONE
    assert refusal(params) == (
        f"codebook.variables.{name}: the dataset of a release has another column of the name {name}: take another name"
    )


def test_the_name_of_what_each_answer_has_itself_is_taken(params, variables):
    variables["missing"] = TONE
    assert refusal(params).startswith("codebook.variables.missing: no variable can have the name missing")


def test_no_conditions_go_in_a_circle(params, variables):
    of_tone = {"variable": "tone", "has": ["calm"]}
    variables["stance"] = {**variables["stance"], "applies_if": of_tone}
    variables["tone"]["applies_if"] = ON
    what = refusal(params)
    assert what.startswith(
        "codebook.variables.stance.applies_if: a condition is about a variable that comes before its"
    )
    assert "so that none go in a circle: move tone before stance" in what


def test_a_group_is_asked_on_one_condition_or_on_those_about_its_own_variables(params, variables):
    variables["tone"]["group"] = "speech"
    inner = {"variable": "tone", "has": ["angry"]}
    variables["loud"] = {**TONE, "group": "speech", "applies_if": inner}
    variables["fast"] = {**TONE, "group": "speech"}
    codebook = check(params, "params").codebook
    assert list(codebook.groups["speech"]) == ["tone", "loud", "fast"]
    variables["fast"]["applies_if"] = ON
    assert refusal(params).startswith(
        "codebook.variables.fast.applies_if: fast and tone are asked in one call (group speech), so they need the same"
    )
    variables["tone"]["applies_if"] = ON
    assert check(params, "params").codebook.variables["fast"].applies_if.has == ("support",)


def test_a_group_comes_after_those_that_its_conditions_are_about(params, variables):
    variables["tone"] |= {"applies_if": {"variable": "call_to_action", "has": ["yes"]}}
    variables["loud"] = {**TONE, "applies_if": {"variable": "tone", "has": ["angry"]}}
    groups = list(check(params, "params").codebook.groups)
    assert groups.index("content") < groups.index("tone") < groups.index("loud")


@pytest.mark.parametrize(
    ("texts", "refused"),
    [
        (
            {"stanc": "Which?"},
            "texts.stanc: the prompt 'evidence' has a text for the group 'stanc', and the codebook",
        ),
        (
            {"content": "{labels}?"},
            "texts.content: the prompt 'evidence' has {labels} for the group 'content', which",
        ),
        (
            {"stance": "Which?"},
            "texts.stance: the prompt 'evidence' does not name the labels ['support', 'no support'",
        ),
    ],
)
def test_a_text_that_does_not_fit_its_group_is_refused_by_its_key(params, texts, refused):
    params["prompts"]["codebook"]["texts"] = texts
    assert refusal(params).startswith(f"prompts.codebook.{refused}")


@pytest.mark.parametrize(
    "key",
    [
        "codebook.variables.stance",
        "codebook.variables.any_name.question",
        "codebook.variables.stance.applies_if.has",
        "codebook.variables.stance.labels.definition",
        "prompts.codebook.texts.any_group",
        "study.events.day",
        "llm.extra_models.prices.input_usd_per_million",
    ],
)
def test_keys_with_free_names_and_in_lists_are_known(key):
    assert is_known(key.split("."))


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("codebook.variables.stance.qestion", "codebook.variables.stance.question"),
        ("codebook.variables.stance.applies_if.hass", "codebook.variables.stance.applies_if.has"),
        ("codebook.variables.stance.labels.definiton", "codebook.variables.stance.labels.definition"),
        ("codebook.variables.stance.frames", "frames or codebook.frames"),
        ("codebook.variable", "codebook.variables"),
        ("codebook.synonyms", "codebook.variables.NAME.labels.synonyms"),
    ],
)
def test_a_key_of_a_variable_that_is_misspelt_or_misplaced_is_named(key, meant):
    assert not is_known(key.split("."))
    assert no_such_key(key.split(".")) == f"there is no such key; did you mean {meant}?"


def test_a_key_below_a_text_is_unknown():
    assert not is_known(["prompts", "codebook", "texts", "stance", "name"])
