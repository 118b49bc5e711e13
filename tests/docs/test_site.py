"""The docs site: what is generated from the code and conf/, and the strict build."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from links import dead

from docs.site import browser, build, commands, picture, settings

ROOT = Path(__file__).parents[2]


def choice(tmp_path, text, group="asr"):
    path = tmp_path / "fast.yaml"
    path.write_text(text, "utf-8")
    return settings.read_choice(path, group)


def test_a_comment_above_or_beside_a_key_is_its_sentence(tmp_path):
    found = choice(
        tmp_path,
        '# A fast one.\nmodel: "a # b"  # a name\n# how many\n# at a time\nbatch:\n  size: 8  # of them\nlast: null\n',
    )
    assert found.summary == "A fast one."
    assert [(setting.key, setting.value, setting.note) for setting in found.settings] == [
        ("asr.model", '"a # b"', "a name"),
        ("asr.batch", "", "how many at a time"),
        ("asr.batch.size", "8", "of them"),
        ("asr.last", "null", ""),
    ]


def test_what_a_file_sets_in_another_group_is_not_its_own(tmp_path):
    found = choice(
        tmp_path, "# @package _global_\n# None.\nsource:\n  kind: 1\nasr:\n  size: 2\n", group="source"
    )
    assert found.summary == "None."
    assert [setting.key for setting in found.settings] == ["source.kind"]


def test_the_base_has_the_sentence_and_the_chosen_file_the_value(tmp_path):
    group = tmp_path / "asr"
    group.mkdir()
    (tmp_path / "config.yaml").write_text("defaults:\n  - asr: fast  # which model\n  - _self_\n", "utf-8")
    (group / "_base.yaml").write_text("# Shared.\nsize: 1  # how large\nname: null  # what it is\n", "utf-8")
    (group / "fast.yaml").write_text("# A fast one.\ndefaults:\n  - _base\nsize: 2\n", "utf-8")
    page = settings.markdown(tmp_path)
    assert "| `asr=fast` (chosen in `conf/config.yaml`) | A fast one. |" in page
    assert "| `asr.size` | `2` | how large |" in page
    assert "| `asr.name` | `null` | what it is |" in page
    assert "asr=_base" not in page


def test_every_group_and_choice_is_on_the_page_of_the_settings():
    page = settings.markdown(ROOT / "conf")
    for group in settings.read_groups(ROOT / "conf"):
        assert f"\n## {group}\n" in f"\n{page}"
        for path in (ROOT / "conf" / group).glob("[!_]*.yaml"):
            assert f"| `{group}={path.stem}`" in page


def test_every_command_is_on_its_page_with_its_options():
    page = commands.markdown()
    for path, command in commands.every_command():
        assert f"## {path}\n" in page
        for parameter in command.params:
            assert parameter.opts[0].upper() in page.upper()


def test_the_assembled_pages_are_whole_and_their_links_lead_somewhere(tmp_path):
    build.assemble(tmp_path)
    assert {path.name: dead(path) for path in tmp_path.rglob("*.md") if dead(path)} == {}
    assert "asr.model" in (tmp_path / "reference" / "settings.md").read_text("utf-8")
    assert "gettok compose" in (tmp_path / "reference" / "commands.md").read_text("utf-8")
    assert "## transcripts" in (tmp_path / "data-dictionary.md").read_text("utf-8")


def test_the_picture_says_what_is_missing(tmp_path):
    with pytest.raises(SystemExit, match=r"no .*/index\.html; took no picture; run `make demo` first"):
        picture.shot(tmp_path / "index.html")
    with (
        pytest.raises(SystemExit, match=r"no Chromium in .*; opened no page; run `make setup-browser`"),
        browser.chromium(tmp_path),
    ):
        pass


@pytest.mark.slow
def test_the_site_builds_strictly_and_a_dead_link_fails_it(tmp_path):
    repository = tmp_path / "repository"
    for name in ("docs", "conf"):
        shutil.copytree(ROOT / name, repository / name)
    ended = build_in(repository)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    built = (repository / "site" / "index.html").read_bytes()
    with (repository / "docs" / "index.md").open("a", encoding="utf-8") as page:
        page.write("\n[nowhere](how-to/media.md#no-such-heading)\n")
    ended = build_in(repository)
    assert ended.returncode != 0
    assert "site/ is as it was" in ended.stderr
    assert (repository / "site" / "index.html").read_bytes() == built


def build_in(repository):
    return subprocess.run(
        [sys.executable, "-m", "docs.site.build"], cwd=repository, capture_output=True, text=True, check=False
    )
