"""Regions have names."""

from gettok.settings.regions import REGION_CODES, region_name


def test_a_region_is_called_by_its_name_and_an_unknown_one_by_its_code():
    assert [region_name(code) for code in ("PE", "BO", "XK")] == ["Peru", "Bolivia", "XK"]


def test_nearly_every_region_of_the_api_has_a_name():
    assert {code for code in REGION_CODES if region_name(code) == code} <= {"XK", "TP"}
