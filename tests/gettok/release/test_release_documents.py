"""README, datasheet and methods say what the run did, in correct sentences, and invent nothing."""

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest
import yaml
from root import ROOT
from small_study import CODEBOOK, STUDY, attacked, coded, shared, study_of, tables, video

from gettok import release
from gettok.annotate.human_labels.evaluation import evaluations
from gettok.annotate.human_labels.reading import HumanLabel
from gettok.books import Books
from gettok.collect.collection import CollectionSummary, collection
from gettok.collect.origin import Origin, origin
from gettok.errors import Damaged
from gettok.release import About
from gettok.release.documents import write_documents
from gettok.release.documents.collection_text import coverage_sentence, sample_sentence
from gettok.release.documents.evaluation_text import cost_text, evaluation_text
from gettok.release.documents.facts import Paid, cost
from gettok.release.documents.losses import losses, losses_of_source
from gettok.release.documents.query_words import query_in_words
from gettok.release.documents.readme import FILES, LATER
from gettok.release.workbook import MAX_ROWS, Fit
from gettok.settings import load
from gettok.settings.query import Query, Terms
from gettok.tables import COVERAGE, WINDOWS

SETTINGS = load(ROOT / "params.yaml").model_copy(update={"study": STUDY, "codebook": CODEBOOK})
SEARCHED = CollectionSummary(
    Origin("research_api", Books(9, 8, {"not_returned": 1})),
    Books(10, 9, {"failing_day": 1}),
    {"complete": 8, "gap": 1, "incomplete": 1},
)
ABOUT = About(STUDY.title, SETTINGS, SEARCHED)
PROVENANCE = {
    "gettok": "0.1.0",
    "speech_models": [
        {"repository": "hub/large", "revision": "r1", "sha256": "ab" * 32, "compute_type": "float16"}
    ],
    "ocr_readers": [{"name": "rapidocr 3", "sha256": "cd" * 32}],
    "embedding_model": None,
}
DOCUMENTS = ("README.md", "datasheet.md", "methods.md")


def written(folder, of=None, about=ABOUT, form="team", withdrawn=()):
    release.write(folder, of or study_of(6), shared(form), PROVENANCE, withdrawn, about=about)
    return {name: (folder / name).read_text("utf-8") for name in DOCUMENTS if (folder / name).exists()}


def changed(**settings):
    return replace(ABOUT, settings=SETTINGS.model_copy(update=settings))


def test_the_readme_lists_every_file_with_its_rows_and_bytes(tmp_path):
    readme = written(tmp_path / "r")["README.md"]
    rows = re.findall(r"^\| `([^`]+)` \| ([\d,]*) \| ([\d,]*) \| (.+) \|$", readme, re.MULTILINE)
    assert sorted(name for name, *_ in rows) == sorted(path.name for path in (tmp_path / "r").iterdir())
    for name, count, size, sentence in rows:
        assert sentence.endswith("."), name
        if name not in LATER:
            assert int(size.replace(",", "")) == (tmp_path / "r" / name).stat().st_size
        if name.endswith(".parquet"):
            assert int(count) == pl.read_parquet(tmp_path / "r" / name).height
        else:
            assert name in FILES.keys() | LATER.keys()
    assert {"6"} == {count for name, count, *_ in rows if name.startswith("dataset.")}


def test_the_readme_s_header_has_a_configuration_for_each_table(tmp_path):
    about = replace(ABOUT, title='A: "title" | of\n# two lines')
    readme = written(tmp_path / "r", about=about)["README.md"]
    header = yaml.safe_load(readme.split("---\n")[1])
    assert header["pretty_name"] == about.title
    files = sorted(path.name for path in (tmp_path / "r").glob("*.parquet"))
    assert sorted(config["data_files"] for config in header["configs"]) == files
    assert [config["config_name"] for config in header["configs"] if config.get("default")] == ["dataset"]


def test_without_settings_there_is_a_readme_alone(tmp_path):
    made = written(tmp_path / "r", about=About("Small"))
    assert list(made) == ["README.md"]
    assert "methods.md" not in made["README.md"]


@pytest.mark.parametrize("form", ["ids_only", "public", "controlled", "team"])
def test_the_documents_keep_no_text_of_tiktok_s_and_no_id(tmp_path, form):
    for text in written(tmp_path / "r", form=form).values():
        assert "el pueblo unido" not in text
        assert "user." not in text
        assert "72134567890123456" not in text


def test_the_same_tables_in_any_order_and_in_parts_give_the_same_documents(tmp_path):
    of = coded(attacked(study_of(6)))
    turned = replace(of, videos_at_once=2, **{name: frame.reverse() for name, frame in of.named().items()})
    assert written(tmp_path / "a", of) == written(tmp_path / "b", turned)


TRICKY = "a | b\n# c <b> `d` *e* [f](g) \\ 中文"
SHOWN = "a \\| b \\# c \\<b\\> \\`d\\` \\*e\\* \\[f\\](g) \\\\ 中文"


def test_texts_of_users_have_no_effect_on_the_page(tmp_path):
    query = Query(any=Terms(keywords=(TRICKY.replace("\n", " "),)))
    stance = CODEBOOK.variables["stance"].model_copy(update={"question": TRICKY})
    study = STUDY.model_copy(update={"query": query})
    codebook = CODEBOOK.model_copy(update={"variables": {"stance": stance}})
    about = replace(changed(study=study, codebook=codebook), title=TRICKY)
    of = replace(study_of(6), uncovered={"2022-12-06": TRICKY})
    made = written(tmp_path / "r", of, about)
    assert f"# {SHOWN}\n" in made["README.md"]
    assert f"missing on 1 day of the study: 2022-12-06 ({SHOWN})." in made["README.md"]
    assert f"the keyword “{SHOWN}”" in made["methods.md"]
    assert f"(one label): {SHOWN} Labels: support, no support, neutral." in made["datasheet.md"]


def test_the_methods_name_dates_query_coverage_losses_models_prompts_and_prices(tmp_path):
    text = written(tmp_path / "r")["methods.md"]
    for sentence in (
        "published from 5 December 2022 to 14 December 2022 (UTC) that have:",
        "- at least one of: the keyword “Castillo”; the hashtag \\#golpedeestado;",
        "- all of: the author's region Peru (PE).",
        "gave 8 rows, before duplicates were dropped.",
        "counted 9 candidates and returned 8 rows;",
        "Of the study's 10 days, 8 are covered completely, 1 is incomplete",
        "The videos were first observed on 1 March 2023 (UTC).",
        "2 of 6 videos have no media file: 1 `private` (its author keeps it private), 1 `removed`",
        f"`hub/large` (revision `r1`, SHA-256 of its files `{'ab' * 32}`, computed in `float16`)",
        "described by the model `see-1` (as it names itself)",
        "coded by the model `judge-1` (as it names itself)",
        "every 300th after it",
        "What the model's answers cost is not known",
        "so how often the model's labels are right in this study is not known",
    ):
        assert sentence in text, sentence
    assert re.search(r"prompt of the group `stance` \| `[0-9a-f]{64}`", text)


def test_another_prompt_has_another_digest(tmp_path):
    prompts = SETTINGS.prompts
    other = prompts.model_copy(
        update={"describe": prompts.describe.model_copy(update={"text": "Describe it."})}
    )
    digests = [
        re.search(
            r"of the descriptions \| `([0-9a-f]{64})`", written(tmp_path / name, about=about)["methods.md"]
        )[1]
        for name, about in (("a", ABOUT), ("b", changed(prompts=other)))
    ]
    assert digests[0] != digests[1]
    assert digests[1] == hashlib.sha256(b"Describe it.").hexdigest()


def test_synthetic_videos_are_called_so_in_each_document_and_others_are_not(tmp_path):
    for text in written(tmp_path / "a").values():
        assert "The videos are synthetic" in text
    source = SETTINGS.source.model_copy(update={"name": "tiktok"})
    for text in written(tmp_path / "b", about=changed(source=source)).values():
        assert "synthetic" not in text
        assert "sandbox's stand-in" not in text


def test_what_a_run_cannot_know_is_in_one_list_for_the_authors(tmp_path):
    text = written(tmp_path / "r")["datasheet.md"]
    answered, left = text.split("## For the authors to answer")
    questions = [line for line in left.splitlines() if line.startswith("- ")]
    assert len(questions) >= 8
    assert all(line.endswith("?") for line in questions)
    assert "?" not in answered.replace("Is it a sample?", "").replace("outside?", "").replace("stance?", "")


def test_withdrawn_videos_are_counted_and_not_named(tmp_path):
    gone = str(7213456789012345601)
    made = written(tmp_path / "r", withdrawn=[gone])
    assert "1 video is left out, as people asked for it. The books count it." in made["README.md"]
    assert "A dataset of 5 TikTok videos" in made["README.md"]
    assert all(gone not in text for text in made.values())


def test_a_dataset_with_too_many_rows_or_too_long_texts_says_so_in_its_readme(tmp_path):
    of, parts = study_of(1), [release.DATASET]
    for name, fit in (
        ("many", Fit(MAX_ROWS, is_written=False)),
        ("long", Fit(MAX_ROWS - 1, is_written=False)),
        ("one", Fit(1, is_written=True, cut=1)),
        ("two", Fit(2, is_written=True, cut=2)),
    ):
        folder = tmp_path / name
        folder.mkdir()
        of.videos.select("video_id").write_parquet(folder / "dataset.parquet")
        write_documents(
            folder, of, parts, fit=fit, provenance={"form": "team"}, withdrawn=0, about=About("Small")
        )
    names = ("many", "long", "one", "two")
    many, long, one, two = ((tmp_path / name / "README.md").read_text("utf-8") for name in names)
    assert (
        "There is no `dataset.xlsx`: the dataset has 1,048,576 rows, and a sheet takes at most 1,048,576"
        in many
    )
    assert "There is no `dataset.xlsx`: the sheet would be larger than 2 GiB" in long
    assert (
        "1 text of it is longer than the 32,767 characters that a cell takes, and is cut: it ends with" in one
    )
    assert (
        "2 texts of it are longer than the 32,767 characters that a cell takes, and are cut: they end" in two
    )


def test_a_long_text_is_cut_in_the_workbook_alone(tmp_path):
    long = "x" * 40_000
    readme = written(tmp_path / "r", tables(video(1, description=long)))["README.md"]
    assert "1 text of it is longer" in readme
    assert pl.read_parquet(tmp_path / "r" / "dataset.parquet")["caption"].to_list() == [long]


def test_the_books_of_collect_and_of_the_source_are_released(tmp_path):
    written(tmp_path / "r")
    books = json.loads((tmp_path / "r" / "books.json").read_text("utf-8"))
    assert books["stages"]["collect"] == {"asked": 10, "ok": 9, "unusable": {"failing_day": 1}}
    assert books["source"] == {
        "kind": "research_api",
        "collect_counts": "days of the study",
        "source_counts": "candidates of the searches",
        "days": {"complete": 8, "gap": 1, "incomplete": 1},
        "asked": 9,
        "ok": 8,
        "unusable": {"not_returned": 1},
    }


@pytest.mark.parametrize("wrong", ["books", "origin"])
def test_f55_books_of_collect_that_do_not_balance_are_refused(tmp_path, wrong):
    off = Books(3, 1, {"not_found": 1})
    summary = replace(SEARCHED, **{wrong: off if wrong == "books" else Origin("ids", off)})
    with pytest.raises(Damaged, match="the books of collect do not balance: asked 3, accounted for 2"):
        written(tmp_path / "r", about=replace(ABOUT, collection=summary))
    assert not (tmp_path / "r").exists()


def test_a_collection_counts_days_and_the_rows_of_searches_that_reached_their_end():
    day, other = date(2022, 12, 5), date(2022, 12, 6)
    rows = [
        {"start": day, "end": other, "step": 0, "event": "planned"},
        {"start": day, "end": other, "step": 1, "event": "split"},
        {"start": day, "end": day, "step": 0, "event": "done", "pages": 2, "rows": 150, "candidates": 160},
        {"start": day, "end": day, "step": 1, "event": "done", "pages": 3, "rows": 210, "candidates": 230},
        {"start": other, "end": other, "step": 0, "event": "parked"},
    ]
    days = COVERAGE.frame([{"day": day, "state": "complete"}, {"day": other, "state": "gap"}])
    books = Books(2, 1, {"failing_day": 1})
    made = collection(origin("research_api", books, WINDOWS.frame(rows)), books, days)
    assert (made.books, made.days) == (books, {"complete": 1, "gap": 1})
    assert made.origin.books == Books(230, 210, {"not_returned": 20})


def of_kind(kind, books):
    return CollectionSummary(Origin(kind, books), books)


def test_ids_that_were_not_found_and_captures_are_told_apart(tmp_path):
    listed = of_kind("ids", Books(5, 2, {"not_found": 2, "not_an_id": 1}))
    made = written(tmp_path / "a", about=replace(ABOUT, collection=listed))
    lost = "3 of 5 ids have no video here: 2 `not_found` (the Research API does not find it by its id), 1 `not_an_id`"
    assert lost in made["README.md"]
    assert "was asked for the videos of a list of 5 ids" in made["methods.md"]
    assert "Castillo”" not in made["methods.md"]
    captured = of_kind("zeeschuimer", Books(7, 7))
    text = written(tmp_path / "b", about=replace(ABOUT, collection=captured))["methods.md"]
    assert "captured in a browser by Zeeschuimer" in text
    assert "Of 7 captured videos, 7 were found." in text
    assert losses_of_source(captured) == ""


@pytest.mark.parametrize("kind", ["research_api", "ids", "zeeschuimer"])
def test_each_source_says_of_what_it_is_a_part(kind):
    assert sample_sentence(of_kind(kind, Books(1, 1))).startswith("It has ")


@pytest.mark.parametrize(
    ("books", "line"),
    [
        ({"download": Books(1, 0, {"private": 1})}, "1 of 1 video has no media file: 1 `private`"),
        (
            {"describe": Books(1200, 0, {"no_frames": 1200})},
            "1,200 of 1,200 videos have no description: 1,200",
        ),
        (
            {"tabulate": Books(3, 2, {"no_id": 1})},
            "Of 3 rows on the source's pages, 1 became no video: 1 `no_id`",
        ),
        ({"later": Books(2, 1, {"malformed": 1})}, "1 of 2 videos has no result of `later`: 1 `malformed`"),
    ],
)
def test_losses_are_counted_in_correct_english(books, line):
    (found,) = losses(books)
    assert found.startswith(line)


def test_a_variable_with_other_losses_than_its_stage_has_a_line_of_its_own():
    alike, other = Books(3, 2, {"no_inputs": 1}), Books(3, 1, {"no_inputs": 1, "not_applicable": 1})
    lines = list(losses({"annotate": replace(alike, variables={"stance": alike, "places": other})}))
    assert lines[0].startswith("1 of 3 videos has no annotations")
    assert lines[1].startswith("`places` has no value for 2 of 3 videos: 1 `no_inputs`")
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        ({}, ""),
        ({"complete": 1}, "Of the study's 1 day, 1 is covered completely."),
        (
            {"complete": 99, "gap": 2},
            "Of the study's 101 days, 99 are covered completely and 2 are not covered.",
        ),
    ],
)
def test_coverage_in_words(states, sentence):
    assert coverage_sentence(states) == sentence


def test_a_query_in_words():
    query = Query(
        any=Terms(keywords=("a", "b"), usernames=("me",)),
        all=Terms(hashtags=("x", "y"), regions=("NA", "PE")),
        none=Terms(music=("7",), lengths=("SHORT",)),
    )
    assert query_in_words(query) == [
        "at least one of: the keywords “a”, “b”; the author @me",
        "all of: the hashtags #x, #y; one of the authors' regions Namibia (NA), Peru (PE)",
        "none of: the sound 7; the length SHORT",
    ]


def test_a_query_in_the_api_s_own_json_is_shown_as_it_is(tmp_path):
    raw = '{"and": [{"operation": "EQ", "field_name": "region_code", "field_values": ["PE"]}]}'
    study = STUDY.model_copy(update={"query": Query(raw=raw)})
    text = written(tmp_path / "r", about=changed(study=study))["methods.md"]
    assert f"that match the query below.\n\n`{raw}`\n" in text


def test_a_study_of_one_day_has_one_date(tmp_path):
    study = STUDY.model_copy(update={"end": STUDY.start})
    made = written(tmp_path / "r", about=changed(study=study))
    assert "published on 5 December 2022 (UTC), made by" in made["README.md"]
    assert "asked for videos published on 5 December 2022 (UTC) that have:" in made["methods.md"]


def test_refreshed_values_have_dates_of_their_own(tmp_path):
    first, last = datetime(2023, 3, 1, tzinfo=UTC), datetime(2023, 4, 2, tzinfo=UTC)
    later = [video(1, first_observed_at=first, observed_at=last), video(2, first_observed_at=first)]
    text = written(tmp_path / "r", tables(*later))["methods.md"]
    assert "The videos were first observed on 1 March 2023 (UTC)." in text
    assert "as last observed, between 1 March 2023 and 2 April 2023." in text


def test_a_study_without_videos_has_documents(tmp_path):
    made = written(tmp_path / "r", tables())
    start = "A dataset of 0 TikTok videos, published from 5 December 2022 to 14 December 2022 (UTC), made by"
    assert start in made["README.md"]


def paid(**columns):
    of = study_of(3)
    calls = of.descriptions.with_columns(**columns)
    return replace(of, descriptions=calls)


def test_an_answer_that_several_rows_share_is_paid_for_once():
    of = paid(answer_key=pl.lit("same"), cost_usd=pl.lit(0.25))
    annotated = of.annotations.with_columns(model=pl.lit(None, pl.String))
    assert cost(replace(of, annotations=annotated), None) == Paid(0.25, 1, 0)
    cascade = of.descriptions.select("answer_key", "model", "cost_usd").with_columns(cost_usd=pl.lit(0.5))
    assert cost(replace(of, annotations=annotated), cascade) == Paid(0.75, 2, 0)
    assert cost(of, None).unknown == 1


def test_costs_in_words():
    assert "the 1 answer of models in these tables cost 0.25 US dollars." in cost_text(Paid(0.25, 1, 0))
    assert "2 more answers are without a price, so that" in cost_text(Paid(1, 3, 2))
    assert "1 more answer is without a price" in cost_text(Paid(1, 3, 1))
    assert "not known" in cost_text(Paid(0, 0, 4))


def test_the_agreement_with_people_is_in_the_methods(tmp_path):
    of = coded(study_of(6))
    values = {"stance": "support", "topics": "protest", "people": "2"}
    labels = [
        HumanLabel(line, video_id, coder, value, name)
        for line, video_id in enumerate(of.videos["video_id"])
        for name, value in values.items()
        for coder in ("ana", "ben")
    ]
    found = evaluations(labels, of.annotations, of.codebook.variables)
    text = evaluation_text(found)
    assert "- `stance`: 6 videos with values by 2 people; 4 are compared: accuracy " in text
    assert "Cohen's κ" in text
    assert "left out: 2 (there is no media file to work on)" in text
    assert "- `topics`: 6 videos with values by 2 people; 4 are compared: all labels the same in " in text
    assert "mean absolute difference" in text
    settings = SETTINGS.model_copy(update={"codebook": of.codebook})
    made = written(tmp_path / "r", of, replace(ABOUT, settings=settings, evaluations=found))
    assert text in made["methods.md"]
    assert "Who are the people whose labels" in made["datasheet.md"]


def test_labels_of_another_study_are_not_a_measure_of_this_one(tmp_path):
    of = study_of(3)
    labels = [HumanLabel(1, of.videos["video_id"][0], "ana", "happy", "stance")]
    found = evaluations(labels, of.annotations, of.codebook.variables)
    made = written(tmp_path / "r", of, replace(ABOUT, evaluations=found))
    assert "No labels by people were given" in made["methods.md"]
    assert "Did people check the labels" in made["datasheet.md"]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("public", "`video_id` and `account` are pseudonyms."),
        ("controlled", "In texts, pseudonyms stand for each name after an `@`"),
    ],
)
def test_the_readme_says_what_stands_for_names(tmp_path, form, said):
    assert said in written(tmp_path / "r", form=form)["README.md"]
    assert "pseudonym" not in written(tmp_path / "t")["README.md"]


def test_the_readme_says_that_a_refresh_may_be_overdue(tmp_path):
    said = "while a refresh is overdue by TikTok's terms"
    assert said not in written(tmp_path / "r")["README.md"]
    overdue = SETTINGS.release.model_copy(update={"although_overdue": True})
    assert said in written(tmp_path / "o", about=changed(release=overdue))["README.md"]
