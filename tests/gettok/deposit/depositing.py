"""What the tests of deposits share: a release with a citation, a stand-in, and the command."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cited_release
import pytest
from released_study import PROVENANCE
from root import ROOT
from small_study import attacked, coded, shared, study_of

from gettok import release
from gettok.cli.app import main
from gettok.deposit import ARCHIVES
from gettok.deposit.deposit_list import Deposit, DepositList
from gettok.tables.forms import Form
from sandbox.archives import ArchiveServer

#: The options that an archive needs beside the server's address.
PLACES: Mapping[str, tuple[str, ...]] = {
    "zenodo": (),
    "dataverse": ("--into", "lab"),
    "osf": (),
    "hf": ("--into", "lab/small"),
}
TERMS = {"name": "none", "forms": ["public", "ids_only", "team", "controlled"]}


def citable(
    folder: Path,
    params: dict[str, Any],
    form: Form = "public",
    *,
    count: int = 6,
    terms: Any = TERMS,
    **citation: Any,
) -> Path:
    """A release that passes the check, of a study with a citation."""
    of = coded(study_of(count))
    described = cited_release.settings(params, **citation).model_copy(update={"codebook": of.codebook})
    provenance = {**PROVENANCE, "settings": {**PROVENANCE["settings"], "terms": terms}}
    title = described.citation.title or "none"
    about = release.About(title, described)
    release.write(folder, attacked(of), shared(form, 1), provenance, about=about)
    return folder


@dataclass
class Run:
    code: int
    out: str
    err: str


@dataclass
class Desk:
    """The command against one stand-in, in a folder of its own."""

    word: str
    server: ArchiveServer
    run: Callable[..., Run]

    def deposit(self, *options: str, folder: str = "made") -> Run:
        return self.run("deposit", self.word, folder, "--url", self.server.url, *PLACES[self.word], *options)

    def listed(self) -> list[Deposit]:
        return DepositList(Path("inputs/deposits.jsonl")).all()

    def files(self) -> dict[str, bytes]:
        """What the stand-in has in its one deposit, by name."""
        state: Any = self.server.service
        match self.word:
            case "zenodo":
                return dict(list(state.records.values())[-1].files)
            case "dataverse":
                files = next(iter(state.datasets.values())).files
                return {f"{each.folder}/{each.label}".lstrip("/"): each.content for each in files}
            case "osf":
                entries = next(iter(state.nodes.values())).entries.values()
                return {each.name: each.versions[-1] for each in entries if each.versions}
            case _:
                commit = next(iter(state.repositories.values())).commits[-1]
                return {name: blob.content for name, blob in commit.items() if name != ".gitattributes"}

    def count(self) -> int:
        """How many deposits it has."""
        state: Any = self.server.service
        names = {"zenodo": "records", "dataverse": "datasets", "osf": "nodes", "hf": "repositories"}
        return len(getattr(state, names[self.word]))


def expected(desk: Desk, folder: Path = Path("made")) -> dict[str, bytes]:
    """The bytes that the archive should have; the Hub has a card on top of the README, by the bundle that was shown."""
    where = Path("data/deposits/hf/files") if desk.word == "hf" else folder
    return {file.name: file.read_bytes() for file in where.iterdir()}


def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    def run(*arguments: str) -> Run:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["release", *arguments])
        printed = capsys.readouterr()
        return Run(int(ended.value.code or 0), printed.out, printed.err)

    return run


def process(desk: Desk, *options: str) -> "subprocess.Popen[str]":
    """The same command in a process of its own, which can be killed."""
    arguments = [
        "release",
        "deposit",
        desk.word,
        "made",
        "--url",
        desk.server.url,
        *PLACES[desk.word],
        *options,
    ]
    code = f"import sys; from gettok.cli.app import main; main({arguments!r})"
    environment = {
        **os.environ,
        ARCHIVES[desk.word].token: desk.server.token,
        "PYTHONPATH": str(ROOT / "src"),
    }
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def bundle_metadata(desk: Desk) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path("data/deposits", desk.word, "metadata.json").read_text("utf-8"))
    return content


def of(word: str) -> pytest.MarkDecorator:
    """Runs a test on one archive alone."""
    return pytest.mark.parametrize("desk", [word], indirect=True)
