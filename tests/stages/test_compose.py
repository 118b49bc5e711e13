"""`params.yaml` is the composition of `conf/`, however it is composed; every choice under `conf/` is valid."""

from collections import Counter
from itertools import zip_longest

import pytest
import yaml
from root import ROOT

from docs.site.settings import read_choice
from gettok.cli.compose import compose
from gettok.errors import BadSettings
from gettok.pipeline.paths import conf_digest, refuse_stale

_GROUPS = [
    "citation",
    "source",
    "collect",
    "download",
    "frames",
    "asr",
    "llm",
    "prompts/describe",
    "prompts/codebook",
    "codebook",
    "prompt_injection",
    "ocr",
    "embedder",
    "terms",
    "plan",
    "report",
]
_CHOICES = {
    group: [f"{group}={file.stem}" for file in sorted((ROOT / "conf" / group).glob("[!_]*.yaml"))]
    for group in [*_GROUPS, "release", "engine", "study"]
}
#: Each choice once; as many of different groups together as there are.
_TOGETHER = [list(filter(None, choices)) for choices in zip_longest(*_CHOICES.values())]
_SHARED = sorted(file.parent for file in (ROOT / "conf").rglob("_base.yaml"))


@pytest.fixture(autouse=True)
def _at_the_top(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_params_yaml_is_what_conf_composes_to(tmp_path):
    compose([], tmp_path / "params.yaml")
    assert (ROOT / "params.yaml").read_bytes() == (tmp_path / "params.yaml").read_bytes()


@pytest.mark.parametrize("choices", _TOGETHER)
def test_every_choice_composes_and_is_valid(tmp_path, choices):
    settings = compose(choices, tmp_path / "params.yaml")
    assert settings.conf_digest == conf_digest()


def test_the_paper_s_study_is_the_paper_s(tmp_path):
    settings = compose(["study=peru_2022"], tmp_path / "params.yaml")
    study = settings.study
    assert (str(study.start), str(study.end)) == ("2022-11-20", "2023-03-01")
    assert (study.end - study.start).days + 1 == 102
    assert study.query.all.given() == {"regions": ("PE",)}
    assert study.query.any.keywords == (
        "Castillo",
        "Presidente Castillo",
        "Pedro Castillo",
        "Dina Boluarte",
        "Presidente Boluarte",
        "Boluarte",
    )
    assert study.query.any.hashtags == (
        "PedroCastillo",
        "Castillo",
        "Boluarte",
        "pedrocastillo",
        "pedrocastilloperu",
        "pedrocastilloperú",
        "golpedeestado",
        "GolpeDeEstado",
        "golpedeestadoperu",
        "crisispoliticaenperu",
        "crisispoliticaenperú",
    )
    assert study.stance.target == "Pedro Castillo as President of Peru"
    assert study.stance.labels == ("support", "no support", "neutral")
    assert settings.frames.stride == 300
    assert settings.asr.model == "large-v3"
    assert settings.download.backend == "pyktok"
    assert settings.embedder.model == "dccuchile/bert-base-spanish-wwm-uncased"
    assert (settings.prompts.describe.name, settings.prompts.codebook.name) == ("paper", "paper")
    assert (settings.codebook.name, list(settings.codebook.variables)) == ("paper", ["stance"])
    assert settings.ocr is None
    assert settings.source.api == "https://open.tiktokapis.com/v2"


def test_a_choice_on_the_command_line_wins_over_the_study_s(tmp_path):
    settings = compose(["study=peru_2022", "asr=turbo", "frames.stride=60"], tmp_path / "params.yaml")
    assert (settings.asr.model, settings.frames.stride) == ("large-v3-turbo", 60)


@pytest.mark.parametrize(
    "override", ["frames.stride=x", "frames=nothing", "frames.strid=3", "study.end='2022-01-01'"]
)
def test_a_wrong_override_leaves_params_yaml_as_it_was(tmp_path, override):
    output = tmp_path / "params.yaml"
    compose([], output)
    before = output.read_bytes()
    with pytest.raises(BadSettings):
        compose([override], output)
    assert output.read_bytes() == before
    assert list(tmp_path.iterdir()) == [output]


def test_f20_every_region_survives_conf_and_params(tmp_path):
    settings = compose(["study.query.all.regions=['NO','PE']"], tmp_path / "params.yaml")
    assert settings.study.query.all.regions == ("NO", "PE")
    with pytest.raises(BadSettings, match=r"study\.query\.all\.regions"):
        compose(["study.query.all.regions=[off]"], tmp_path / "params.yaml")


def test_comments_and_users_are_asked_for_by_choice_and_all_else_stays(tmp_path):
    without = compose([], tmp_path / "params.yaml").collect
    chosen = compose(["collect=with_comments_and_users"], tmp_path / "params.yaml").collect
    assert (without.comments, without.users) == (None, None)
    assert (chosen.comments.per_video, chosen.users.requests_per_day) == (100, 200)
    assert chosen.model_copy(update={"comments": None, "users": None}) == without


def test_a_group_that_the_study_leaves_empty_takes_terms_from_the_command_line(tmp_path):
    settings = compose(["+study.query.none.usernames=['1e5']"], tmp_path / "params.yaml")
    assert settings.study.query.none.usernames == ("1e5",)


def test_settings_older_than_conf_are_refused(tmp_path, monkeypatch):
    settings = compose([], tmp_path / "params.yaml")
    refuse_stale(settings)
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text("defaults: []\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadSettings, match="was edited after"):
        refuse_stale(settings)


def test_the_digest_of_conf_covers_names_and_bytes(tmp_path):
    (tmp_path / "a.yaml").write_text("x: 1", "utf-8")
    before = conf_digest(tmp_path)
    (tmp_path / "a.yaml").rename(tmp_path / "b.yaml")
    renamed = conf_digest(tmp_path)
    (tmp_path / "b.yaml").write_text("x: 2", "utf-8")
    assert len({before, renamed, conf_digest(tmp_path)}) == 3


def test_every_line_of_the_defaults_has_a_comment():
    lines = (ROOT / "conf" / "config.yaml").read_text("utf-8").splitlines()
    choices = [line for line in lines if line.startswith("  - ") and "_self_" not in line]
    assert len(choices) == len(_GROUPS) + 4, "the prompts are two groups, and `about` is none"
    assert all("  # " in line for line in choices)


@pytest.mark.parametrize("group", _SHARED, ids=lambda group: group.name)
def test_a_group_with_a_base_explains_each_key_there_and_nowhere_else(group):
    lines = [line for file in group.glob("*.yaml") for line in file.read_text("utf-8").splitlines()]
    comments = Counter(line.split(" #", 1)[1].strip() for line in lines if " #" in line)
    assert [comment for comment, count in comments.items() if count > 1] == []
    keys = {key for file in group.glob("[!_]*.yaml") for key in yaml.safe_load(file.read_text("utf-8"))}
    assert keys - {"defaults"} <= set(yaml.safe_load((group / "_base.yaml").read_text("utf-8")))
    explained = read_choice(group / "_base.yaml", group.name).settings
    assert [setting.key for setting in explained if not setting.note] == []


def test_every_key_of_a_choice_file_has_a_comment_nearby():
    for file in (ROOT / "conf").rglob("*.yaml"):
        assert "#" in file.read_text("utf-8").splitlines()[0], f"{file} does not say what it is for"
        assert yaml.safe_load(file.read_text("utf-8")), file


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        (["asr=_base"], "asr.model: must be set"),
        (["frames=every_10s", "frames.every_s=inf"], "frames.every_s"),
    ],
)
def test_what_cannot_be_composed_is_said_without_the_name_of_a_temporary_file(tmp_path, overrides, named):
    with pytest.raises(BadSettings) as refused:
        compose(overrides, tmp_path / "params.yaml")
    assert named in refused.value.what
    assert str(tmp_path) not in str(refused.value)
    assert not (tmp_path / "params.yaml").exists()
