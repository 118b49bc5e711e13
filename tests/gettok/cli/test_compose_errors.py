"""A wrong file under `conf/` is named with its line, the key, and what was probably meant."""

import pytest

from gettok.cli.compose import compose
from gettok.cli.compose_errors import sets_nothing, why_not_composed
from gettok.errors import BadSettings


def refusal(*overrides):
    """The first part of the error."""
    with pytest.raises(BadSettings) as refused:
        compose(overrides)
    assert refused.value.exit_code == 78
    assert refused.value.did == "left params.yaml as it was"
    assert "conf/" in refused.value.can
    return refused.value.what


@pytest.mark.parametrize(
    "changes",
    [
        [
            ("title:", "titel:", "study.titel", "there is no such key; did you mean study.title?"),
            ("keywords:", "keyword:", "study.query.any.keyword", "there is no such key; did you mean study.query.any"),
            ('["PE"]', "PE", "study.query.all.regions", "must be a list (it is 'PE')"),
            ('"2022-11-20"', "20221120", "study.start", 'must be a day as quoted text, such as "2022-11-20"'),
            ('"demo"', "", "study.name", "must be text (it is null)"),
        ],
        [
            ('"Demo: the', "[a, b] # ", "study.title", "must be text (it is ['a', 'b'])"),
            ('["PE"]', "[NO]", "study.query.all.regions.0", "must be text, and NO without quotes is true or f"),
            ('"support", "no support"', "1e3, 0x10", "study.stance.labels.0", "must be text, and 1e3 without quotes"),
        ],
        [('"Demo: the', "2022 # ", "study.title", "must be text, and 2022 without quotes is a num")],
    ],
)  # fmt: skip
def test_each_wrong_setting_is_named_with_file_line_and_remedy(conf, changes):
    expected = [f"{key} ({conf.change(old, new)}): {wrong}" for old, new, key, wrong in changes]
    what = refusal()
    assert [line for line in expected if line not in what] == []


@pytest.mark.parametrize(
    "changes",
    [
        [("  places:", "  username:", "username", "the dataset of a release has another column of the name username")],
        [
            ('definition: "Cities', 'definitio: "Cities', "places.definitio", "there is no such key; did you mean"),
            ("kind: span", "kind: spam", "places.kind", "must be one of one_of, any_of, ordinal, yes_no"),
            ('label: "government"', "label: yes", "topics.labels.0.label", "must be text, and yes without quotes is"),
        ],
    ],
)  # fmt: skip
def test_each_wrong_variable_is_named_with_file_and_line(conf, changes):
    expected = [
        f"codebook.variables.{key} ({conf.change(old, new, 'codebook/demo.yaml')}): {wrong}"
        for old, new, key, wrong in changes
    ]
    what = refusal()
    assert [line for line in expected if line not in what] == []


def test_a_variable_with_other_inputs_than_its_group_is_named_with_the_line_of_its_inputs(conf):
    group = conf.change("group: picture", "group: content", "codebook/demo.yaml")
    inputs = f"conf/codebook/demo.yaml, line {int(group.split()[-1]) - 1}"
    assert (
        f"codebook.variables.people_shown.inputs ({inputs}): people_shown and call_to_action are asked in one"
    ) in refusal()


def test_an_input_that_the_model_does_not_get_is_named_with_file_and_line(conf):
    conf.change("sees: [frames]", "sees: [video]", "llm/_base.yaml")
    place = "codebook.variables.stance.inputs (conf/codebook/demo.yaml, line 17)"
    assert (
        f"{place}: stance is to be judged by frames, which llm.sees (video) leaves out: add frames"
        in refusal()
    )


def test_a_variable_of_the_environment_is_never_written_into_the_settings(conf, monkeypatch):
    monkeypatch.setenv("TIKTOK_CLIENT_SECRET", "a secret")
    conf.change('"Demo: the', '"${oc.env:TIKTOK_CLIENT_SECRET} Demo: the')
    what = refusal()
    assert what.startswith(
        "conf/ does not compose: ${oc.env:TIKTOK_CLIENT_SECRET} would write a variable of the env"
    )
    assert "a secret" not in what
    assert not (conf.folder.parent / "params.yaml").exists()


def test_a_list_that_holds_itself_is_an_error(conf):
    conf.change('labels: ["support", "no support", "neutral"]', 'labels: &all ["support", *all]')
    assert refusal()


def test_words_that_yaml_reads_as_true_or_false_are_each_to_be_quoted(conf):
    place = conf.change('["support", "no support", "neutral"]', "[yes, no]")
    lines = refusal().splitlines()
    assert [line.strip() for line in lines[1:]] == [
        f"study.stance.labels.{number} ({place}): must be text, and {word} without quotes is true or false: "
        f'quote it, as in "{word}"'
        for number, word in enumerate(["yes", "no"])
    ]


def test_of_two_files_that_set_a_key_the_later_one_is_named(conf):
    pause = conf.change("pause_s: 0", "pause_s: soon", "source/sandbox.yaml")
    tokens = conf.change("max_tokens: 800", "max_tokens: soon", "llm/sandbox.yaml")
    what = refusal()
    assert f"download.pause_s ({pause}): must be a" in what
    assert f"llm.max_tokens ({tokens}): must be a" in what


@pytest.mark.parametrize(
    ("old", "new", "further", "wrong"),
    [
        ("  any:", "\tany:", 0, "indent with spaces: YAML does not take a tab"),
        ('"demo"', '"demo', 1, "look for an open quote"),
        ("[", '["', 0, "look for"),
        ('["PE"]', '["PE"', 1, "bracket"),
        ("\ntitle:", "\nname: again\ntitle:", 1, "found duplicate key name; delete one of the two"),
        ("title: ", "title: Demo: ", 0, "quote a text that has a colon"),
    ],
)
def test_a_file_that_is_not_yaml_is_named_with_the_line_and_a_hint(conf, old, new, further, wrong):
    file, _, line = conf.change(old, new).rpartition(" ")
    what = refusal()
    assert what.startswith(f"{file} {int(line) + further}: ")
    assert wrong in what


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_file_that_is_not_utf8_is_named(conf, encoding):
    file = conf.folder / "study" / "demo.yaml"
    file.write_bytes(file.read_text("utf-8").encode(encoding, "replace"))
    assert refusal() == "conf/study/demo.yaml is not UTF-8: save it with that encoding"


def test_a_file_without_keys_is_named_in_place_of_every_key_that_is_missing(conf):
    file = conf.folder / "study" / "demo.yaml"
    for content in ("", "# nothing\n", "- a\n", "hello\n"):
        file.write_text(content, "utf-8")
        assert sets_nothing([file]) == f"{file} sets no key"
    assert refusal() == "conf/study/demo.yaml sets no key"


def test_a_missing_key_is_named_with_the_file_that_should_have_it(conf):
    conf.change('name: "demo"\n', "")
    assert refusal().startswith("conf/: study.name (conf/study/demo.yaml, line 1): must be set")
    conf.change("stance:\n  target:", "stance:\n  # target:")
    line = (conf.folder / "study" / "demo.yaml").read_text("utf-8").splitlines().index("stance:") + 1
    assert f"study.stance.target (conf/study/demo.yaml, line {line}): must be set" in refusal()


@pytest.mark.parametrize(
    ("old", "new", "file", "wrong"),
    [
        ("- study: demo", "- study: dmo", "config.yaml", "study has no choice 'dmo', but demo, peru_2022; did"),
        ("- study: demo", "- studdy: demo", "config.yaml", "there is no group studdy; did you mean study?"),
        ("override /prompt_injection: demo", "override /prompt_injection: dem", "source/sandbox.yaml", "prompt_inj"),
        ("[_base, ", "[_bas, ", "llm/sandbox.yaml", "llm has no choice '_bas'"),
        ('"demo"', '"${nope}"', "study/demo.yaml", "${nope} names no setting"),
    ],
)  # fmt: skip
def test_a_name_of_nothing_is_named_with_the_line_that_has_it(conf, old, new, file, wrong):
    place = conf.change(old, new, file)
    assert refusal().startswith(f"{place}: {wrong}")


@pytest.mark.parametrize(
    ("old", "new", "file", "wrong"),
    [
        ("ocr: rapidocr", "ocr: off", "config.yaml", 'off without quotes is true or false: quote it, as in "off"'),
        ("ocr: rapidocr", "ocr: NO", "config.yaml", "ocr has no choice 'NO', but off, rapidocr"),
        ("- study: demo", "- study: 2022", "config.yaml", "study has no choice '2022', but demo, peru_2022"),
        ("injection: demo", "injection: off", "source/sandbox.yaml", "off without quotes is true or false: quote it"),
        ("[_base, ", "[_base, no, ", "llm/sandbox.yaml", "llm has no choice 'no', but ollama, openai"),
        ("ocr: rapidocr", "ocr: {rapidocr: }", "config.yaml", "a choice is the name of a file of its group"),
        ("- asr: demo", "- asr demo", "config.yaml", "'asr demo' is not of the form `- group: choice`"),
        ("- asr: demo", "- asr:demo", "config.yaml", "'asr:demo' is not of the form `- group: choice`"),
        ("ocr: rapidocr", 'ocr: ""', "config.yaml", "ocr has no choice '', but off, rapidocr"),
        ("ocr: rapidocr", "ocr: [rapid]", "config.yaml", "ocr has no choice 'rapid', but off, rapidocr; did you"),
    ],
)  # fmt: skip
def test_a_choice_that_yaml_does_not_read_as_a_name_is_to_be_quoted_or_named(conf, old, new, file, wrong):
    place = conf.change(old, new, file)
    assert refusal().startswith(f"{place}: {wrong}")


def test_a_setting_with_choices_shows_a_word_that_yaml_reads_as_false_as_it_is_written(conf):
    quota = conf.change('"stop"', "off", "collect/default.yaml")
    ocr = conf.change('"rapidocr"', "no", "ocr/rapidocr.yaml")
    what = refusal()
    assert f"({quota}): must be one of stop, wait (it is off, which without quotes is false)" in what
    assert f"({ocr}): must be one of rapidocr (it is no, which without quotes is false)" in what


@pytest.mark.parametrize("new", ["", "- {}: null"])
def test_each_group_of_which_no_file_is_chosen_is_named_with_the_line_to_write(conf, new):
    chosen = {"ocr: rapidocr": 'ocr: "off"', "prompts/codebook: evidence": 'prompts/codebook: "evidence"'}
    for group in chosen:
        conf.change(f"- {group}", new.format(group.partition(":")[0]), "config.yaml")
    what = refusal()
    for line in chosen.values():
        key = line.partition(":")[0].replace("/", ".")
        need = f"the defaults of conf/config.yaml need a line such as `- {line}`"
        assert f"{key}: none of its files is chosen: {need}" in what


def test_a_choice_whose_file_is_gone_is_named_with_the_line_that_chooses_it(conf):
    place = conf.change("- study: demo", "- study: demo", "config.yaml")
    (conf.folder / "study" / "demo.yaml").unlink()
    assert refusal() == f"{place}: study has no choice 'demo', but peru_2022"


def test_a_folder_without_conf_is_named(conf):
    (conf.folder / "config.yaml").unlink()
    assert refusal() == f"there is no conf/config.yaml in {conf.folder.parent}, which lists the choices"


def test_a_folder_in_place_of_the_settings_is_left_as_it_is(conf):
    (conf.folder.parent / "params.yaml").mkdir()
    with pytest.raises(BadSettings, match=r"params\.yaml is a folder"):
        compose([])
    assert (conf.folder.parent / "params.yaml").is_dir()


def test_a_group_that_is_chosen_twice_is_named_with_both_lines(conf):
    first = conf.change("- asr: demo", "- asr: demo\n  - asr: turbo", "config.yaml")
    second = f"conf/config.yaml, line {int(first.rpartition(' ')[2]) + 1}"
    assert refusal().startswith(
        f"{first} and {second}: asr is chosen twice: delete one or, in a file that changes"
    )


@pytest.mark.parametrize(
    ("old", "new", "file", "wrong"),
    [
        ("defaults:", "default:", "config.yaml", "conf/config.yaml has no list `defaults:`, which chooses a file"),
        ("  - _self_\n", "", "config.yaml", "conf/config.yaml: its list of defaults lacks `_self_`: add it as"),
        ("# @package", "\ufeff# @package", "study/peru_2022.yaml", "conf/study/peru_2022.yaml begins with a byte ord"),
    ],
)  # fmt: skip
def test_what_hydra_would_take_in_another_sense_is_named_with_its_file(conf, old, new, file, wrong):
    conf.change(old, new, file)
    assert refusal(*(["study=peru_2022"] if "peru" in file else [])).startswith(wrong)


def test_files_of_other_editors_compose(conf):
    for file in conf.folder.rglob("*.yaml"):
        mark = b"" if b"@package" in file.read_bytes() else b"\xef\xbb\xbf"
        file.write_bytes(mark + file.read_bytes().replace(b"\n", b"\r\n"))
    assert compose([]).study.name == "demo"


@pytest.mark.parametrize("kind", ["a folder", "a link to nothing"])
@pytest.mark.parametrize("name", ["demo", "another"])
def test_what_is_in_place_of_a_file_is_named_even_if_it_is_not_chosen(conf, kind, name):
    path = conf.folder / "study" / f"{name}.yaml"
    path.unlink(missing_ok=True)
    path.mkdir() if kind == "a folder" else path.symlink_to("nowhere")
    assert why_not_composed(ValueError(), []) == f"conf/study/{name}.yaml is {kind}: move it away"
    if name == "demo":
        assert refusal() == f"conf/study/demo.yaml is {kind}: move it away"
