"""A wrong override is refused with what was probably meant, before Hydra composes."""

import shlex
from itertools import zip_longest

import pytest

from gettok.cli.compose import compose
from gettok.errors import BadSettings

pytestmark = pytest.mark.usefixtures("conf")


@pytest.mark.parametrize(
    ("override", "wrong"),
    [
        ("studdy=demo", "there is no such group; did you mean study?"),
        ("+studdy=demo", "there is no such group; did you mean study?"),
        ("prompts/codebok=paper", "there is no such group; did you mean prompts/codebook?"),
        ("study=dmo", "study has no choice 'dmo', but demo, peru_2022; did you mean demo?"),
        ("study=", "study has no choice '', but demo, peru_2022"),
        ("ocr=null", "ocr has no choice 'null', but off, rapidocr"),
        ("llm=1", "llm has no choice '1', but ollama, openai, openai_batch, sandbox, vllm"),
        ("prompts.codebook=paper", "a choice of a group is written as prompts/codebook=paper"),
        ("llm.modle=x", "there is no such key; did you mean llm.model?"),
        ("+llm.modle=x", "there is no such key; did you mean llm.model?"),
        ("study.query.any.keyword=[a]", "there is no such key; did you mean study.query.any.keywords?"),
        (
            "codebook.variables.stance.qestion=x",
            "there is no such key; did you mean codebook.variables.stance.question?",
        ),
        (
            "codebook.variables.stance.frames=3",
            "there is no such key; did you mean frames or codebook.frames?",
        ),
        (
            "codebook.variables.tone.kind=text",
            "there is no tone; did you mean codebook.variables.stance? To add tone: write +codebook.variables.tone.k",
        ),
        (
            "codebook.variables.stnace.inputs=[transcript]",
            "there is no stnace; did you mean codebook.variables.stance?",
        ),
        (
            "codebook.variables.mood.kind=text",
            "no chosen file sets it: write +codebook.variables.mood.kind=text",
        ),
        ("stride=3", "there is no such key; did you mean frames.stride?"),
        ("release.colour=red", "there is no such key; release has form"),
        ("llm.model", "it is not of the form key=value, such as asr=turbo"),
        ("study title=x", "it is not of the form key=value, such as asr=turbo"),
        ("frames.stride=[1", "a text with characters such as [ ]"),
        ("study.title=${llm.modle}", "${llm.modle} names no setting; write \\${…} for a text that has these"),
        ("study.title=${secret:x}", "${secret:…} is of a kind that does not exist; write \\${…}"),
        ("study.title=${study.title}", "a reference of the form ${…} leads back to itself"),
        ("frames.stride=1,2", "it has several values, which `dvc exp run --queue -S` takes"),
        ("study.query.none.usernames=[a]", "no chosen file sets it: write +study.query.none.usernames=[a]"),
        ("+frames.stride=3", "it is set: write frames.stride=3"),
    ],
)
def test_an_override_of_nothing_that_exists_is_refused_with_the_nearest_that_does(override, wrong):
    with pytest.raises(BadSettings) as refused:
        compose([override])
    assert refused.value.what.startswith(f"the override {override}: {wrong}")
    assert refused.value.exit_code == 78


def test_the_choices_of_a_group_are_all_listed():
    with pytest.raises(BadSettings) as refused:
        compose(["asr=trubo"])
    assert "but demo, distil, large_v3, large_v3_transformers, small, turbo; did you mean turbo?" in str(
        refused.value
    )


WRONG_VALUES = [
    ("frames.stride=0", "must be greater than 0 (it is 0)"),
    ("study.stance.labels=[pro]", "must have at least 2 values (it is ['pro'])"),
    ("llm.model=''", "must not be empty (it is '')"),
    ("download.max_concurrency=many", "must be a whole number (it is 'many')"),
    ("frames.min_hash_distance=1.5", "must be a whole number (it is 1.5)"),
    (
        "source.kind=research",
        "must be one of research_api, ids, zeeschuimer (it is 'research'); did you mean resea",
    ),
    (
        "asr.backend=wishper",
        "must be one of whisperx, transformers (it is 'wishper'); did you mean whisperx?",
    ),
    (
        "study.title=2022",
        """must be text, and 2022 without quotes is a number: quote it, as in 'study.title="2022"'""",
    ),
    ("study.stance.target=' '", "' ' is blank"),
    ("collect.failure_share=20", "must be at most 1.0, as it is a share: 0.2 is 20 % (it is 20)"),
    ("llm.temperature=30", "must be at most 2.0 (it is 30)"),
    ("llm.base_url=localhost:8000/v1", "must begin with https:// or http:// (it is 'localhost:8000/v1')"),
    ("source.api=http:///v2", "must begin with https:// or http:// (it is 'http:///v2')"),
    (
        "asr.language=xx",
        "'xx' is not the code of a language in ISO 639, of two small letters if it has one",
    ),
    ("study.start='2016-08-31'", "'2016-08-31' is before 2016-09-01, when there was no TikTok"),
    ("study.end='2009-01-01'", "'2009-01-01' is before 2016-09-01, when there was no TikTok"),
    (
        "study.name='My Study'",
        "'My Study' is not a name of small letters, digits and _; did you mean 'my_study'?",
    ),
    ("study.stance.labels=[pro,Pro]", "has 'Pro' twice, but for capital letters"),
    ("study.title=true", """must be text, and true without quotes is true or false: quote it"""),
]


def test_each_wrong_value_is_named_with_the_override_that_has_it():
    """A key can be wrong in one way at a time, so there are as many calls as a key has ways."""
    for at_once in calls(WRONG_VALUES):
        with pytest.raises(BadSettings) as refused:
            compose(list(at_once))
        lines = [line.strip() for line in refused.value.what.splitlines()[1:]]
        for override, wrong in at_once.items():
            key = override.partition("=")[0]
            assert [line for line in lines if line.startswith(f"{key} (the override {key}): {wrong}")], (
                override
            )


def calls(cases: list[tuple[str, str]]) -> list[dict[str, str]]:
    """The cases in as few groups as have no key twice."""
    by_key: dict[str, list[tuple[str, str]]] = {}
    for override, wrong in cases:
        by_key.setdefault(override.partition("=")[0], []).append((override, wrong))
    return [dict(filter(None, group)) for group in zip_longest(*by_key.values())]


def test_an_override_that_makes_two_settings_contradict_each_other_is_named():
    with pytest.raises(BadSettings, match=r"study \(the override study\.end\): end .* is before start"):
        compose(["asr=turbo", "study.end='2022-01-01'"])


def test_what_is_wrong_in_a_chosen_file_is_named_by_its_line_and_not_by_the_override(conf):
    where = conf.change('label: "yes"', "label: yes", "codebook/example.yaml")
    with pytest.raises(BadSettings) as refused:
        compose(["codebook=example", "codebook.frames=0"])
    key = "codebook.variables.on_topic.labels.0.label"
    quote = 'must be text, and yes without quotes is true or false: quote it, as in "yes"'
    assert f"{key} ({where}): {quote}" in refused.value.what
    assert "codebook.frames (the override codebook.frames): must be greater than 0" in refused.value.what


def test_a_password_in_an_override_is_not_repeated():
    with pytest.raises(BadSettings, match=r"llm\.base_url \(the override llm\.base_url\)") as refused:
        compose(["llm.base_url='https://someone:s3cret@host/v1'"])
    assert "s3cret" not in str(refused.value)


def test_a_key_in_place_of_the_name_of_its_variable_is_not_repeated():
    key = "sk-proj-0123456789abcdef"
    with pytest.raises(BadSettings, match="must be the name of an environment variable") as refused:
        compose([f"llm.api_key_env='{key}'"])
    assert key not in str(refused.value)


def test_overrides_that_are_right_compose():
    settings = compose(
        ["asr=turbo", "ocr=off", "prompts/codebook=paper", "study.title='a, b'", "frames.stride=60"]
    )
    assert (settings.asr.model, settings.ocr, settings.study.title) == ("large-v3-turbo", None, "a, b")


def test_an_override_of_a_variable_is_taken():
    new = (
        "+codebook.variables.tone={question: Which?, kind: one_of, labels: [calm, angry], inputs: [caption]}"
    )
    settings = compose(["codebook.variables.stance.inputs=[transcript]", "~codebook.variables.places", new])
    assert settings.codebook.variables["stance"].inputs == ("transcript",)
    assert "places" not in settings.codebook.variables
    assert list(settings.codebook.groups)[-1] == "tone"


@pytest.mark.parametrize(
    "title",
    ["A [new", "#1", "it's", '5" screen', "a=b", "¿Qué?", "(a)", "{a", "${a", "it's #1, or [2]"],
)
def test_a_text_that_needs_quotes_is_shown_with_them(title):
    with pytest.raises(
        BadSettings, match="needs double quotes, within single ones of the shell, as in "
    ) as refused:
        compose([f"study.title={title}"])
    (advised,) = shlex.split(refused.value.what.partition(", as in ")[2])
    if title != "${a":  # it is read as a reference, whose error says how to write it
        assert compose([advised]).study.title == title


def test_each_text_of_a_list_that_needs_quotes_is_shown_with_them():
    with pytest.raises(BadSettings, match="each text of a list") as refused:
        compose(["study.query.any.keywords=[#golpe, it's, 'a']"])
    (advised,) = shlex.split(refused.value.what.partition(", as in ")[2])
    assert compose([advised]).study.query.any.keywords == ("#golpe", "it's", "a")
