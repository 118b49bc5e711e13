"""The command lines of the pages, run as a reader would: page by page, in a copy of the finished demo.

Blocks of `sh` are run; what needs other machines is in blocks of `bash`.
"""

import json
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import DOCS, PAGES, named
from repository import Repository
from root import ROOT

from sandbox.corpus.truth import media_path, truth

_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)
_SAVED_AS = re.compile(r"[Ss]ave this as `([\w./]+)`")
_MARK = "-- block {} --"
_VIDEO, _DAY = "7175721326891160428", "2022-12-11"
_TOKEN = (
    "curl -s http://127.0.0.1:{port}/v2/oauth/token/ -d client_key=sandbox -d client_secret=sandbox"
    " -d grant_type=client_credentials | cut -d '\"' -f 4"
)
#: What a reader types at the questions.
_ANSWERS = "--source sandbox --keywords Castillo --start 2022-12-07 --end 2022-12-08 --target Castillo"
#: The sandbox's clock stands in 2023, so that by TikTok's terms every refresh is overdue.
_ADDRESSES = "source.api=sandbox: source.pages=sandbox: terms=none"
#: What a reader puts in its place, or what the machine of a test has in its place: no account, no hub, no bucket.
_FILLED_IN = {
    "make demo": "make -o .venv/.synced demo RUN=",
    "make setup ": "make -o .venv/.synced setup RUN= ",
    "gettok new my_event      #": f"gettok new my_event {_ANSWERS} #",
    "gettok new my_event\n": f"gettok new asked {_ANSWERS}\n",
    "gettok new my_event \\\n": "gettok new my_event --source sandbox \\\n",
    "git clone … && cd …": "git clone -q . {outside}/clone && cd {outside}/clone",
    "git commit ": "git commit -q --allow-empty ",
    "git push\n": "git push -q {outside}/pushed HEAD:main\n",
    "s3://our-bucket/gettok": "{outside}/remote",
    "/models/cyrillic_PP-OCRv5_rec_mobile.onnx": "{outside}/reader.onnx",
    "inputs/collect/ids.csv\n": f"inputs/collect/ids.csv source.name=sandbox {_ADDRESSES}\n",
    "source=zeeschuimer ": f"source=zeeschuimer source.name=sandbox {_ADDRESSES} ",
    "llm=openai_batch": "llm=openai_batch llm.base_url=sandbox: llm.model=sandbox-vision llm.batch.poll_s=1",
    "asr=turbo": "asr=demo",
    "uv sync --extra ray ": "python -c 'import ray' ",
    "'Authorization: Bearer clt.…'": f'"Authorization: Bearer $({_TOKEN})"',
    "8080": "{port}",
    "8081": "{other_port}",
}
#: It takes ten minutes, and runs beside these tests.
_LEFT_OUT = {"make test": "README.md"}
#: Their experiments are many; the others show what the whole demo gives.
_OF_TWO_DAYS = {"sweeps.md"}
#: The page goes on while the queue runs; a test must not leave it behind.
_QUEUE_ENDED = (
    "until dvc queue status > {outside}/queue && ! grep -q -e Queued -e Running {outside}/queue; do sleep 5; done\n"
    "dvc queue stop --kill\n"
)
_STARTED = (
    "kill $(jobs -p) 2> {outside}/none && wait || true\n"
    "{command} &\n"
    "until curl -s http://127.0.0.1:{at}/__sandbox__/health > {outside}/health; do sleep 0.2; done"
)


def with_commands() -> list[Path]:
    """The pages for users."""
    pages = [page for page in PAGES if page == ROOT / "README.md" or DOCS in page.parents]
    return [page for page in pages if "```sh\n" in page.read_text("utf-8")]


@pytest.fixture(scope="module")
def demo(sandbox, tmp_path_factory) -> Repository:
    """The finished demo, committed. To be copied, never to be changed."""
    repository = Repository.from_working_tree(tmp_path_factory.mktemp("demo") / "repo", sandbox.base)
    repository.dvc("repro")
    repository.commit("the demo")
    return repository


def script(page: Path, words: dict[str, str]) -> Iterator[str]:
    """What a shell runs: the blocks for a shell, and the files that the page has its reader save."""
    text = page.read_text("utf-8")
    yield "set -euo pipefail\ntrap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n"
    for number, block in enumerate(_BLOCK.finditer(text)):
        yield f"echo '{_MARK.format(number)}'\n"
        if block["language"] == "sh":
            yield filled_in(block["code"], words)
            if "dvc queue start" in block["code"]:
                yield _QUEUE_ENDED.format(**words)
        elif saved := _SAVED_AS.search(text[: block.start()].rsplit("\n\n", 2)[-2]):
            yield f"cat > {saved[1]} <<'END'\n{block['code']}END\n"


def filled_in(code: str, words: dict[str, str]) -> str:
    for left_out in _LEFT_OUT:
        code = re.sub(rf"(?m)^{left_out}\b.*$", "", code)
    for said, meant in _FILLED_IN.items():
        code = code.replace(said, meant.format(**words))
    code = re.sub(r"\bID\b", _VIDEO, re.sub(r"\bDAY\b", _DAY, code))
    return re.sub(
        r"(?m)^gettok sandbox .*--port (\d+)$",
        lambda line: _STARTED.format(command=line[0], at=line[1], **words),
        code,
    )


def shown_after(page: Path, said: str) -> Iterator[tuple[str, str]]:
    """Each line of a block of output, and what the commands before it said."""
    for number, block in enumerate(_BLOCK.finditer(page.read_text("utf-8"))):
        if block["language"] == "text" and "→" not in block["code"]:
            before = said.split(_MARK.format(number), maxsplit=1)[0]
            yield from ((line, before) for line in block["code"].splitlines() if line.strip() != "…")


@pytest.mark.slow
@pytest.mark.parametrize("page", with_commands(), ids=named)
def test_the_commands_of_a_page_run_and_say_what_it_shows(page, request, tmp_path):
    finished = request.getfixturevalue("finished" if page.name in _OF_TWO_DAYS else "demo")
    repository, outside = finished.copy(tmp_path / "repo"), tmp_path / "outside"
    shutil.copy(media_path(f"{_VIDEO}.mp4"), repository.folder / "clip.mp4")
    (repository.folder / ".venv").symlink_to(ROOT / ".venv")
    if "inputs/collect/" in page.read_text("utf-8"):
        own = repository.folder / "inputs" / "collect"
        (own / "ids.csv").write_text(f"id\n{_VIDEO}\n", "utf-8")
        (own / "zeeschuimer.ndjson").write_text(captured(), "utf-8")
    repository.run("git", "init", "-q", "--bare", str(outside / "pushed"))
    (outside / "reader.onnx").touch()
    words = {"outside": str(outside), "port": str(free_port()), "other_port": str(free_port())}
    said = repository.run("bash", "-c", "".join(script(page, words)), HOME=str(tmp_path))
    assert [line for line, before in shown_after(page, said) if line not in before] == []


def captured() -> str:
    """The video as the browser's extension writes it."""
    created = int(_VIDEO) >> 32
    data = {"id": _VIDEO, "desc": "Castillo", "createTime": created, "author": {"uniqueId": "someone"}}
    line = {
        "source_platform": "tiktok.com",
        "item_id": _VIDEO,
        "timestamp_collected": 1000 * created,
        "data": data,
    }
    return json.dumps(line) + "\n"


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def test_the_video_of_the_pages_has_a_file_and_a_voice():
    assert truth()[_VIDEO].words
    assert media_path(f"{_VIDEO}.mp4").is_file()


@pytest.mark.parametrize(("line", "page"), _LEFT_OUT.items())
def test_what_is_left_out_is_run_by_the_whole_check(line, page):
    assert line in (ROOT / page).read_text("utf-8")
    assert line in (ROOT / ".ci" / "run").read_text("utf-8")
