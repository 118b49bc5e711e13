"""`gettok new` writes a study that runs, or nothing: in a copy of the project's `conf/` and `inputs/`."""

import signal
import subprocess
from pathlib import Path

import pytest
import yaml
from march_study import GIVEN, files

from gettok.cli import new as new_module
from gettok.cli import new_study
from gettok.cli.new_study import quoted, with_choices
from gettok.settings import load
from gettok.settings.regions import REGION_CODES

LABELS = Path("inputs/labels/human_labels.csv")


pytestmark = pytest.mark.usefixtures("project")


def config() -> dict[str, str]:
    """The choices in the defaults of `conf/config.yaml`."""
    lines = yaml.safe_load(Path("conf/config.yaml").read_text("utf-8"))["defaults"]
    return {group: choice for line in lines if isinstance(line, dict) for group, choice in line.items()}


def comments(text: str) -> set[str]:
    return {
        part.strip()
        for line in text.splitlines()
        for part in line.partition("#")[2].rstrip(".").split(". ")
        if part
    }


def test_the_options_become_a_study_that_is_composed(new):
    code, _, err = new(
        "march", {**GIVEN, "--hashtags": "#GolpeDeEstado", "--region": "pe", "--title": "A march"}
    )
    assert (code, err) == (0, "")
    study = load(Path("params.yaml")).study
    assert (study.name, study.title, str(study.start), str(study.end)) == (
        "march",
        "A march",
        "2023-01-01",
        "2023-02-28",
    )
    assert study.query.any.given() == {"keywords": ("Castillo", "Boluarte"), "hashtags": ("GolpeDeEstado",)}
    assert study.query.all.given() == {"regions": ("PE",)}
    assert (study.stance.target, study.stance.labels) == (
        "the President",
        ("support", "no support", "neutral"),
    )
    assert study.events == ()


def test_a_list_s_option_may_be_repeated_and_what_is_optional_has_a_default(new):
    assert (
        new("big_march", GIVEN, "--keywords", "Lima", "--labels", "pro,contra", "--labels", "unclear")[0] == 0
    )
    study = load(Path("params.yaml")).study
    assert study.query.any.keywords == ("Castillo", "Boluarte", "Lima")
    assert study.stance.labels == ("pro", "contra", "unclear")
    assert (study.title, study.query.all.given()) == ("Big march", {})


def test_the_file_has_the_comments_of_the_demo_s(new):
    assert new("march", GIVEN)[0] == 0
    demo, made = (Path(f"conf/study/{name}.yaml").read_text("utf-8") for name in ("demo", "march"))
    of_the_demo = {part for part in comments(demo) if "demo" not in part.lower()}
    assert len(of_the_demo) > 8
    assert of_the_demo - comments(made) == set()


TEXTS = [
    "NO", "1e5", "2022-11-20", "null", "~", "'a' \"b\" \\c\\", "key: value # no comment", "- {a: [b]}", "%TAG &x *y !z",
    "$5 {a} \\$x",
]  # fmt: skip


@pytest.mark.parametrize(("target", "title"), [*zip(TEXTS[::2], TEXTS[1::2], strict=True)])
def test_any_text_arrives_as_it_was_given(new, target, title):
    asked = {**GIVEN, "--target": target, "--title": title, "--labels": f"{target}x,{title}y"}
    assert new("march", asked)[0] == 0
    study = load(Path("params.yaml")).study
    assert (study.stance.target, study.title) == (target, title)
    assert study.stance.labels == (f"{target}x", f"{title}y")


def test_on_tiktok_the_demo_s_stand_ins_are_replaced_and_nothing_else(new):
    before = Path("conf/config.yaml").read_text("utf-8")
    code, out, _ = new("no", GIVEN)
    assert code == 0
    chosen = {"source": "tiktok", "asr": "large_v3", "llm": "openai", "codebook": "stance", "study": "no"}
    after = Path("conf/config.yaml").read_text("utf-8")
    changed = [
        (old, now) for old, now in zip(before.splitlines(), after.splitlines(), strict=True) if old != now
    ]
    assert len(changed) == len(chosen)
    assert all(old.partition("  # ")[2] == now.partition("  # ")[2] != "" for old, now in changed)
    assert {group: config()[group] for group in chosen} == chosen
    settings = load(Path("params.yaml"))
    assert (settings.source.name, settings.prompt_injection.videos) == ("tiktok", 20)
    for part in (
        "asr: demo → large_v3",
        "OPENAI_API_KEY",
        "gettok plan",
        "gettok doctor",
        "dvc repro",
        "git commit",
    ):
        assert part in out


def test_a_choice_that_the_user_made_is_kept_on_tiktok_and_replaced_on_the_sandbox(new):
    file = Path("conf/config.yaml")
    file.write_text(file.read_text("utf-8").replace("- llm: sandbox ", "- llm: vllm "), "utf-8")
    assert new("real", GIVEN)[0] == 0
    assert (config()["llm"], config()["asr"]) == ("vllm", "large_v3")
    assert new("play", GIVEN, "--source", "sandbox")[0] == 0
    assert [config()[group] for group in ("source", "llm", "asr", "study")] == [
        "sandbox",
        "sandbox",
        "demo",
        "play",
    ]


def test_the_demo_s_codebook_gives_way_to_the_stance_and_another_is_kept(new, project):
    assert new("real", GIVEN)[0] == 0
    assert config()["codebook"] == "stance"
    assert list(load(Path("params.yaml")).codebook.variables) == ["stance"]
    file = Path("conf/config.yaml")
    file.write_text(file.read_text("utf-8").replace("- codebook: stance", "- codebook: paper "), "utf-8")
    assert new("play", GIVEN, "--source", "sandbox")[0] == 0
    assert config()["codebook"] == "paper"


def test_a_long_or_short_choice_leaves_the_comment_where_it_was():
    config = "  - study: demo     # the event\n  - asr: demo\n"
    assert (
        with_choices(config, {"study": "long_name"}) == "  - study: long_name  # the event\n  - asr: demo\n"
    )
    assert (
        with_choices(config, {"study": "no", "asr": "x"}) == '  - study: "no"     # the event\n  - asr: x\n'
    )
    assert with_choices(config, {"study": "very_long_name"}).startswith(
        "  - study: very_long_name  # the event\n"
    )


def test_the_last_study_s_inputs_are_set_aside_and_the_refreshing_stays(new):
    labels = LABELS.read_bytes()
    for name in ("inputs/transcripts/spoken.csv", "inputs/refresh/tombstones.csv"):
        Path(name).write_text(name, "utf-8")
    code, out, _ = new("march", GIVEN, "--source", "sandbox")
    assert code == 0
    assert Path("inputs/_demo/labels/human_labels.csv").read_bytes() == labels
    assert Path("inputs/_demo/transcripts/spoken.csv").is_file()
    assert not LABELS.exists()
    assert Path("inputs/labels/.gitkeep").is_file()
    assert Path("inputs/refresh/tombstones.csv").is_file()
    assert f"{LABELS} is of the study demo: set aside as inputs/_demo/labels/human_labels.csv" in out


def test_inputs_that_git_ignores_stay_where_they_are_ignored(new):
    subprocess.run(["git", "init", "-q"], check=True)
    Path(".gitignore").write_text("/inputs/collect/ids.csv\n", "utf-8")
    Path("inputs/collect/ids.csv").write_text("1\n", "utf-8")
    code, out, _ = new("march", GIVEN)
    assert code == 0
    assert Path("inputs/collect/ids.csv").is_file()
    assert "inputs/collect/ids.csv is of the study demo, but git ignores it" in out


def test_the_sandbox_s_days_and_terms_are_printed_with_what_the_study_finds(new):
    code, out, _ = new("march", {**GIVEN, "--source": "sandbox"})
    assert code == 0
    assert "of the sandbox's 52 videos match this study's terms and days" in out
    assert "days: 2022-11-20 to 2023-03-01; regions: PE 49" in out
    assert "golpedeestadoperu" in out


WRONG = [
    ({"--start": "2023-1-1"}, "--start: '2023-1-1' is not a day such as 2022-11-20"),
    ({"--start": "2023-02-30"}, "--start: '2023-02-30' is not a day"),
    ({"--end": "2022-12-31"}, "--end: 2022-12-31 is before the first day, 2023-01-01"),
    ({"--region": "PE,UK"}, "--region: 'UK' is not a region code"),
    ({"--region": "peru"}, "did you mean 'PE'?"),
    ({"--hashtags": "peru coup"}, "--hashtags: 'peru coup' is not a hashtag, which has no '#', blank or comma; did"),
    ({"--hashtags": "#golpe #paro, lima"}, "did you mean 'golpe' and 'paro'?"),
    ({"--labels": "one"}, "--labels: needs two labels or more"),
    ({"--labels": "one, one"}, "--labels: has 'one' twice"),
    ({"--target": " "}, "--target: '' is blank"),
    ({"--target": "???"}, "--target: '???' means a value that is not set"),
    ({"--title": "a ${b}"}, "--title: '${' begins a reference to another setting"),
    ({"--source": "tikok"}, "--source: 'tikok' is none of tiktok, sandbox"),
    ({"--keywords": "Lima\udcff"}, "--keywords: 'Lima\\udcff' is not valid UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "what"), WRONG)
def test_a_wrong_option_is_named_and_nothing_is_written(new, project, options, what):
    before = files(project)
    code, out, err = new("march", {**GIVEN, **options})
    assert (code, out) == (78, "")
    assert what in err
    assert "What we did: wrote nothing" in err
    assert files(project) == before


def test_all_wrong_options_are_named_at_once(new):
    _, _, err = new("march", {**GIVEN, "--end": "2022-01-01", "--region": "Peru", "--labels": "x"})
    for option in ("--end", "--region", "--labels"):
        assert f"{option}: " in err


def test_more_regions_than_a_search_takes_are_refused(new, project):
    before = files(project)
    regions = ",".join(sorted(REGION_CODES)[:101])
    code, _, err = new("march", {**GIVEN, "--region": regions})
    assert code == 78
    assert "all.regions has more than 100 values" in err
    assert files(project) == before


@pytest.mark.parametrize("name", ["March", "1st", "a-b", "../x", "_base", "", "a" * 61])
def test_a_name_that_is_none_is_refused(new, project, name):
    before = files(project)
    code, _, err = new(name, GIVEN)
    assert code == 78
    assert "is not a name for a study" in err
    assert files(project) == before


def test_a_study_that_exists_is_never_overwritten(new, project):
    before = files(project)
    code, _, err = new("peru_2022", GIVEN)
    assert code == 66
    assert "conf/study/peru_2022.yaml exists" in err
    assert files(project) == before


def test_without_a_terminal_the_missing_options_are_named(new, project):
    before = files(project)
    code, _, err = new("march", {"--hashtags": " , "})
    assert code == 78
    assert "missing: --keywords or --hashtags, --start, --end, --target" in err
    assert files(project) == before


def test_an_end_in_the_future_is_reported(new):
    code, _, err = new("march", {**GIVEN, "--end": "2999-01-01"})
    assert code == 0
    assert "warning: study.end: 2999-01-01 is in the future" in err


def test_if_the_settings_do_not_compose_all_is_as_it_was(new, project):
    file = Path("conf/config.yaml")
    file.write_text(
        file.read_text("utf-8").replace("prompts/codebook: evidence", "prompts/codebook: paper"), "utf-8"
    )
    before = files(project)
    code, _, err = new("march", {**GIVEN, "--labels": "pro,contra"})
    assert code == 78
    assert "the prompt 'paper' does not name the labels" in err
    assert "undid what was written" in err
    assert files(project) == before
    assert not Path("inputs/_demo").exists()


def test_a_configuration_that_is_not_utf_8_is_an_error_and_stays(new, project):
    with Path("conf/config.yaml").open("ab") as file:
        file.write(b"# \xff\n")
    before = files(project)
    code, _, err = new("march", GIVEN)
    assert (code, "conf/config.yaml" in err) == (78, True)
    assert files(project) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("failing", ["compose", "atomic_write"])
def test_if_a_step_is_interrupted_all_is_as_it_was(new, project, monkeypatch, failing, number):
    before = files(project)
    real, calls = getattr(new_study, failing), []

    def interrupt(*arguments):
        calls.append(arguments)
        if failing == "compose" or len(calls) >= 2:
            signal.raise_signal(number)  # the undoing comes here, too
        return real(*arguments)

    monkeypatch.setattr(new_study, failing, interrupt)
    code, out, err = new("march", GIVEN)
    assert (code, out) == (130, "")
    assert err == "gettok: stopped as asked; no study was written, and all is as it was\n"
    assert files(project) == before


def test_a_signal_after_the_study_is_written_says_so_and_what_comes_next(new, project, monkeypatch):
    monkeypatch.setattr(new_module, "lines_about", lambda _: signal.raise_signal(signal.SIGINT))
    handler = signal.getsignal(signal.SIGINT)
    code, _, err = new("march", GIVEN)
    assert code == 130
    assert "the study march is written, and conf/config.yaml chooses it. Next: gettok plan" in err
    assert load(project / "params.yaml").study.name == config()["study"] == "march"
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_file_that_was_set_aside_before_is_not_overwritten(new, project):
    aside = Path("inputs/_demo") / LABELS.relative_to("inputs")
    aside.parent.mkdir(parents=True)
    aside.write_text("other", "utf-8")
    before = files(project)
    code, _, err = new("march", GIVEN)
    assert code == 66
    assert f"{aside}, where it would be set aside, is another file" in err
    assert files(project) == before


def test_outside_a_repository_it_says_where_to_run_it(new, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    code, _, err = new("march", GIVEN)
    assert (code, "there is no conf/config.yaml in this folder" in err) == (66, True)


def test_a_quoted_text_is_one_line():
    assert quoted("a\nb " * 200).count("\n") == 0
