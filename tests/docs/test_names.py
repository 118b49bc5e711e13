"""The docs name commands, options and settings that exist, so that a rename cannot pass them by."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from pages import INVENTED, PAGES, named, shell_of
from root import ROOT

from docs.site import commands, settings

CONF = ROOT / "conf"


def calls(page, word):
    return [code for code in shell_of(page) if code.startswith(f"{word} ")]


def settings_of(page):
    """What is said as KEY=VALUE: `asr=turbo`, `llm.votes=5`, on a command line or in a sentence."""
    for code in shell_of(page):
        for word in code.replace("'", " ").split():
            match = re.fullmatch(r"(?P<key>[a-z_]+(?:[./][a-z_]+)*)=(?P<value>[^\s=]*)", word)
            if match and not code.startswith(("curl", "export", "pl.", "with ", "na")):
                yield match["key"], match["value"]


@pytest.fixture(scope="module")
def known():
    return dict(commands.every_command())


@pytest.fixture(scope="module")
def keys():
    return {
        key.key
        for group in settings.read_groups(CONF)
        for path in (CONF / group).glob("*.yaml")
        for key in settings.read_choice(path, group).settings
    }


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_each_command_and_option_exists(page, known):
    for code in calls(page, "gettok"):
        words = shlex.split(code, comments=True)
        found = [path for path in known if words[: len(path.split())] == path.split()]
        group = any(path.startswith(f"{code} ") for path in known)
        assert found or group or words[1].startswith("-") or words[1] == "COMMAND", code
        options = {word for word in words if word.startswith("--")} if found else set()
        assert options <= {
            option for path in found for given in known[path].params for option in given.opts
        }, code


@pytest.mark.parametrize("page", [page for page in PAGES if "sandbox" not in named(page)], ids=named)
def test_each_choice_and_setting_exists(page, keys):
    groups = settings.read_groups(CONF)
    for key, value in settings_of(page):
        if key in groups:
            choices = {name for name in value.split(",") if name} - INVENTED
            assert {name for name in choices if not (CONF / key / f"{name}.yaml").exists()} == set(), key
        else:
            assert key in keys, f"{key}={value}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_each_dotted_setting_exists(page, keys):
    """`llm.budget_usd` in a sentence."""
    groups = {group.split("/")[0] for group in settings.read_groups(CONF)}
    for code in shell_of(page):
        # a file such as `media.parquet` is no setting
        match = re.fullmatch(r"(?P<group>[a-z_]+)(\.[a-z_]+)+", code)
        if match and match["group"] in groups and not code.endswith((".yaml", ".py", ".parquet")):
            assert code in keys or any(key.startswith(f"{code}.") for key in keys), code


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_each_file_of_conf_exists(page):
    for code in shell_of(page):
        for path in re.findall(r"conf/[\w/]+\.yaml", code):
            if Path(path).stem not in INVENTED:
                assert (ROOT / path).exists(), path


def test_the_readme_names_the_settings_of_the_composition():
    """A guard of this test's own: the pages do say settings."""
    said = {key for page in PAGES for key, _ in settings_of(page)}
    assert {"asr", "llm", "prompt_injection", "llm.votes", "collect.on_quota"} <= said
    assert yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))["llm"]
