"""A study's query becomes conditions of the Research API, and none that the API would refuse."""

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gettok.cli.compose import compose
from gettok.errors import BadSettings
from gettok.settings import check
from gettok.settings.fields import LENGTHS
from gettok.settings.query import FIELDS, Query, Terms, check_query, conditions
from gettok.settings.regions import REGION_CODES
from gettok.step import canonical
from sandbox.research_api.conditions import FIELDS as SANDBOX_FIELDS
from sandbox.research_api.conditions import parse_condition

_OPERATIONS = ("EQ", "IN", "GT", "GTE", "LT", "LTE")
_VALUES = {
    "create_date": "20221207",
    "username": "user.1",
    "region_code": "PE",
    "video_id": "7213456789012345678",
    "hashtag_name": "golpe",
    "keyword": "Presidente Castillo",
    "music_id": "7213456789012345678",
    "effect_id": "0",
    "video_length": "SHORT",
    "view_count": "10",
    "comment_count": "0",
}
#: What the paper's query has always been to the API: with another body no answer that was paid for is found again.
_PERU = {
    "and": [{"field_name": "region_code", "operation": "IN", "field_values": ["PE"]}],
    "or": [
        {
            "field_name": "keyword",
            "operation": "IN",
            "field_values": [
                "Boluarte",
                "Castillo",
                "Dina Boluarte",
                "Pedro Castillo",
                "Presidente Boluarte",
                "Presidente Castillo",
            ],
        },
        {
            "field_name": "hashtag_name",
            "operation": "IN",
            "field_values": [
                "Boluarte",
                "Castillo",
                "GolpeDeEstado",
                "PedroCastillo",
                "crisispoliticaenperu",
                "crisispoliticaenperú",
                "golpedeestado",
                "golpedeestadoperu",
                "pedrocastillo",
                "pedrocastilloperu",
                "pedrocastilloperú",
            ],
        },
    ],
}


def one(field: str, *values: str, operation: str = "IN") -> dict:
    return {"field_name": field, "operation": operation, "field_values": list(values)}


def numbered(count: int, start: int = 0) -> tuple[str, ...]:
    return tuple(f"{number:05}" for number in range(start, start + count))


@pytest.mark.parametrize("study", ["demo", "peru_2022"])
def test_the_included_studies_ask_the_same_conditions_as_ever(tmp_path, monkeypatch, study):
    monkeypatch.chdir(Path(__file__).parents[3])
    settings = compose([f"study={study}"], tmp_path / "params.yaml")
    assert canonical(conditions(settings.study.query)) == canonical(_PERU)


def test_any_all_and_none_become_or_and_and_not():
    query = Query(
        any=Terms(keywords=("golpe", "crisis"), usernames=("user.1",)),
        all=Terms(
            keywords=("Perú", "Lima"),
            hashtags=("paro",),
            effects=("7", "5"),
            regions=("PE", "BO"),
            lengths=("MID",),
        ),
        none=Terms(music=("9",), usernames=("bot",)),
    )
    assert conditions(query) == {
        "and": [
            one("keyword", "Lima", operation="EQ"),
            one("keyword", "Perú", operation="EQ"),
            one("hashtag_name", "paro", operation="EQ"),
            one("effect_id", "5", operation="EQ"),
            one("effect_id", "7", operation="EQ"),
            one("region_code", "BO", "PE"),
            one("video_length", "MID"),
        ],
        "or": [one("keyword", "crisis", "golpe"), one("username", "user.1")],
        "not": [one("username", "bot"), one("music_id", "9")],
    }


def test_groups_without_a_condition_are_left_out():
    assert conditions(Query(all=Terms(usernames=("user.1",)))) == {"and": [one("username", "user.1")]}
    assert conditions(Query(any=Terms(music=("1",)))) == {"or": [one("music_id", "1")]}


def test_the_order_of_a_study_s_lists_does_not_change_the_body():
    there = Query(any=Terms(keywords=("a", "b"), hashtags=("c", "d")), all=Terms(keywords=("e", "f")))
    back = Query(any=Terms(hashtags=("d", "c"), keywords=("b", "a")), all=Terms(keywords=("f", "e")))
    assert canonical(conditions(there)) == canonical(conditions(back))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_hashtag_is_asked_for_in_one_unicode_form(form):
    query = Query(all=Terms(hashtags=(unicodedata.normalize(form, "perú"),)))
    assert conditions(query) == {"and": [one("hashtag_name", "per\u00fa", operation="EQ")]}


@pytest.mark.parametrize("group", ["any", "none"])
def test_a_list_longer_than_a_condition_takes_is_split_and_nothing_is_lost(group):
    names = numbered(250)
    query = Query(**{"all": Terms(keywords=("x",)), group: Terms(usernames=tuple(reversed(names)))})
    lines = conditions(query)[{"any": "or", "none": "not"}[group]]
    assert [len(line["field_values"]) for line in lines] == [100, 100, 50]
    assert [name for line in lines for name in line["field_values"]] == list(names)
    assert all(line["operation"] == "IN" for line in lines)


def test_a_hundred_values_of_all_stay_one_condition():
    query = Query(any=Terms(keywords=("x",)), all=Terms(usernames=numbered(100)))
    assert conditions(query)["and"] == [one("username", *numbered(100))]


def test_a_long_list_under_all_becomes_or_conditions_if_there_are_no_others():
    query = Query(all=Terms(usernames=numbered(101), keywords=("golpe",), regions=("PE",)))
    assert conditions(query) == {
        "and": [one("keyword", "golpe", operation="EQ"), one("region_code", "PE")],
        "or": [one("username", *numbered(100)), one("username", *numbered(1, start=100))],
    }


@pytest.mark.parametrize(
    "groups",
    [
        {"any": {"keywords": ["golpe"]}, "all": {"usernames": list(numbered(101))}},
        {"all": {"usernames": list(numbered(101)), "regions": sorted(REGION_CODES)}},
    ],
)
def test_f22_what_one_search_cannot_express_is_refused_with_what_to_do(params, groups):
    params["study"]["query"] = groups
    with pytest.raises(BadSettings, match=r"study\.query: all\.\w+ has more than 100 values.*shorten it"):
        check(params, "params.yaml")


@pytest.mark.parametrize("query", [{}, {"any": {}}, {"none": {"keywords": ["x"]}}, {"any": {"keywords": []}}])
def test_f22_a_query_that_asks_for_nothing_is_refused(params, query):
    params["study"]["query"] = query
    with pytest.raises(BadSettings, match=r"study\.query: needs at least one condition under any or all"):
        check(params, "params.yaml")


def test_the_api_s_own_json_is_sent_as_written_without_empty_groups(params):
    raw = {"not": [], "and": [one("view_count", "1000", operation="GTE"), one("create_date", "20221207")]}
    params["study"]["query"] = {"raw": json.dumps(raw)}
    query = check(params, "params.yaml").study.query
    assert conditions(query) == {"and": raw["and"]}


@pytest.mark.parametrize("group", ["any", "all", "none"])
def test_f22_raw_cannot_be_combined_with_other_groups(params, group):
    params["study"]["query"] = {"raw": json.dumps(_PERU), group: {"keywords": ["golpe"]}}
    with pytest.raises(BadSettings, match=r"study\.query: .*raw cannot be combined with them"):
        check(params, "params.yaml")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("{", "raw is not JSON"),
        ("[]", "a query is an object"),
        ('{"and": {}}', "and must be a list"),
        ('{"and": []}', "at least one condition"),
        ("{}", "at least one condition"),
        ('{"AND": []}', "whose only keys are and, or, not"),
        ('{"and": ["x"]}', r"and\[0\] must be an object"),
        (
            '{"or": [{"field_name": "keyword", "operation": "EQ"}]}',
            r"or\[0\] must be an object of field_name",
        ),
    ],
)
def test_f22_json_that_is_not_a_query_is_refused_at_its_place(params, raw, said):
    params["study"]["query"] = {"raw": raw}
    with pytest.raises(BadSettings, match=rf"study\.query: .*{said}"):
        check(params, "params.yaml")


@pytest.mark.parametrize("operation", [*_OPERATIONS, "NE", "eq", None])
@pytest.mark.parametrize("field", [*FIELDS, "hashtag", None])
def test_the_tables_of_fields_and_operations_are_closed(field, operation):
    query = {"not": [one("keyword", "x"), one(field, _VALUES.get(field, "x"), operation=operation)]}
    if field not in FIELDS:
        with pytest.raises(ValueError, match=r"not\[1\]\.field_name"):
            check_query(query)
    elif operation not in FIELDS[field].operations:
        with pytest.raises(ValueError, match=r"not\[1\]\.operation: .* does not go with"):
            check_query(query)
    else:
        check_query(query)
        assert parse_condition(query["not"][1]).field == field  # the sandbox takes it, too


def test_the_tables_have_all_that_the_api_documents():
    assert {name: asked.operations for name, asked in FIELDS.items()} == {
        name: field.operations for name, field in SANDBOX_FIELDS.items()
    }
    assert set(_VALUES) == set(FIELDS)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("create_date", "20220230"),
        ("create_date", "2022-12-07"),
        ("create_date", "202212071"),
        ("username", "@user.1"),
        ("username", " "),
        ("region_code", "pe"),
        ("region_code", "UK"),
        ("video_id", "7.2E+18"),
        ("video_id", ""),
        ("video_id", "1" * 21),
        ("video_id", "٣"),
        ("hashtag_name", "#golpe"),
        ("keyword", "\t"),
        ("music_id", "-1"),
        ("effect_id", "x"),
        ("video_length", "short"),
        ("view_count", "1,000"),
        ("comment_count", "1.5"),
    ],
)
def test_a_value_of_the_wrong_form_is_refused_at_its_place(field, wrong):
    operation = "IN" if "IN" in FIELDS[field].operations else "EQ"
    values = [_VALUES[field], wrong] if operation == "IN" else [wrong]
    with pytest.raises(ValueError, match=rf"and\[0\]\.field_values\[{len(values) - 1}\]: "):
        check_query({"and": [one(field, *values, operation=operation)]})


@pytest.mark.parametrize("values", [[], ["1", "2"], "1", [1], None])
def test_a_comparison_takes_exactly_one_quoted_value(values):
    for operation in ("EQ", "GT", "GTE", "LT", "LTE"):
        with pytest.raises(ValueError, match=r"or\[0\]\.field_values"):
            check_query({"or": [{**one("view_count", operation=operation), "field_values": values}]})


def test_in_takes_one_to_a_hundred_values():
    check_query({"or": [one("username", *numbered(100))]})
    for values in ([], numbered(101)):
        with pytest.raises(ValueError, match="IN takes at least one and at most 100"):
            check_query({"or": [one("username", *values)]})


_WORDS = st.lists(st.text(min_size=1).filter(lambda text: text.strip(" ")), max_size=3, unique=True)
_TERMS = st.fixed_dictionaries(
    {},
    optional={
        "keywords": _WORDS,
        "music": st.lists(st.from_regex(r"[0-9]{1,20}", fullmatch=True), max_size=3, unique=True),
        "regions": st.lists(st.sampled_from(sorted(REGION_CODES)), max_size=4, unique=True),
        "lengths": st.lists(st.sampled_from(LENGTHS), max_size=4, unique=True),
    },
)


@given(any=_TERMS, all=_TERMS, none=_TERMS)
def test_every_query_that_the_settings_accept_is_accepted_by_the_sandbox(any, all, none):  # noqa: A002
    try:
        query = Query.model_validate({"any": any, "all": all, "none": none})
    except ValueError:
        assert not [values for terms in (any, all) for values in terms.values() if values] or [
            word for terms in (any, all, none) for word in terms.get("keywords", []) if not word.strip()
        ]
        return
    for lines in conditions(query).values():
        assert lines
        for line in lines:
            parse_condition(line)
