"""What an answer means, by its body first; the codes and messages are those seen from the API and its clients."""

import json

import pytest
from api_caller import OK

from gettok.research_api.error_mapping import Received, Verdict, read

GATEWAY = "<html><head><title>504 Gateway Time-out</title></head></html>"
SHAPE = {"has_more": bool}
DATA = {"videos": [], "has_more": False}
WHOLE = json.dumps({"data": {**DATA, "videos": [{"id": 7213456789012345678}]}, "error": OK})


def received(status: int, body: object) -> Received:
    return Received(status, {}, body if isinstance(body, str) else json.dumps(body))


def error(code: str | None, message: str = "", data: object = None) -> dict:
    return {"data": {} if data is None else data, "error": {"code": code, "message": message, "log_id": "L7"}}


@pytest.mark.parametrize(
    "body",
    [
        {"data": DATA, "error": OK},
        {"data": DATA, "error": {**OK, "message": "ok"}},
        {"data": DATA, "error": {**OK, "message": "ok."}},
        {"data": DATA, "error": {**OK, "http_status_code": 200}},
        {"data": DATA, "error": {"message": ""}},
        {"data": DATA, "error": {"code": None}},
        {"data": DATA, "error": {}},
        {"data": DATA, "error": None},
        {"data": DATA},
    ],
)
@pytest.mark.parametrize("status", [200, 201, 500])
def test_data_without_an_error_code_is_an_answer_even_under_500(body, status):
    assert read(received(status, body), SHAPE).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("access_token_invalid", Verdict.TOKEN_REFUSED),
        ("invalid_token", Verdict.TOKEN_REFUSED),
        ("scope_not_authorized", Verdict.DENIED),
        ("scope_permission_missed", Verdict.DENIED),
        ("invalid_params", Verdict.BAD_QUESTION),
        ("invalid_request", Verdict.BAD_QUESTION),
        ("invalid_file_upload", Verdict.BAD_QUESTION),
        ("rate_limit_exceeded", Verdict.RATE_LIMITED),
        ("daily_quota_limit_exceeded", Verdict.QUOTA_SPENT),
        ("internal_error", Verdict.SERVER_ERROR),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 429, 500])
@pytest.mark.parametrize("data", [{}, None, DATA])
def test_f07_a_documented_code_is_an_error_whatever_the_status_and_the_data(code, verdict, status, data):
    assert read(received(status, error(code, "Said so.", data)), SHAPE).verdict is verdict


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        ("Something is wrong. Please try again later.", Verdict.SERVER_ERROR),
        ("Something went wrong. Please try again later.", Verdict.SERVER_ERROR),
        ("Server Internal Error", Verdict.SERVER_ERROR),
        ("Search Id 7378809778820092971 is invalid or expired", Verdict.SEARCH_UNKNOWN),
        ("Invalid count or cursor", Verdict.CURSOR_REFUSED),
        ("`username: mysteriousreese` is invalid: cannot find the user", Verdict.DECLINED),
        ("API cannot return this user's information", Verdict.DECLINED),
        ("The information cannot be returned", Verdict.DECLINED),
        ("This account is private", Verdict.DECLINED),
        ("Fields is required, please provide fields in the request", Verdict.BAD_QUESTION),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_the_words_of_a_message_decide_what_invalid_params_means(message, verdict, status):
    assert read(received(status, error("invalid_params", message))).verdict is verdict
    assert read(received(status, error("invalid_params", message.upper()))).verdict is verdict


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.UNKNOWN_CODE),
        (400, Verdict.UNKNOWN_CODE),
        (404, Verdict.UNKNOWN_CODE),
        (429, Verdict.RATE_LIMITED),
        (500, Verdict.SERVER_ERROR),
        (503, Verdict.SERVER_ERROR),
    ],
)
def test_f07_an_undocumented_code_is_named_with_its_log_id(status, verdict):
    reading = read(received(status, error("brand_new", "Never seen.", DATA)), SHAPE)
    assert reading.verdict is verdict
    assert str(reading) == "brand_new: Never seen. (log_id L7)"


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (404, {"data": DATA, "error": OK}, Verdict.UNKNOWN_CODE),
        (302, {"data": DATA, "error": OK}, Verdict.UNKNOWN_CODE),
        (502, {"data": DATA, "error": OK}, Verdict.SERVER_ERROR),
        (504, GATEWAY, Verdict.SERVER_ERROR),
        (503, GATEWAY, Verdict.SERVER_ERROR),
        (503, '{"cut": ', Verdict.SERVER_ERROR),
        (400, GATEWAY, Verdict.SERVER_ERROR),
        (429, GATEWAY, Verdict.RATE_LIMITED),
        (429, "", Verdict.RATE_LIMITED),
        (200, "", Verdict.SERVER_ERROR),
        (200, ' \r\n{"cut": ', Verdict.DAMAGED),
        (200, "[]", Verdict.DAMAGED),
        (200, "null", Verdict.DAMAGED),
        (200, '"ok"', Verdict.DAMAGED),
        (200, {"error": OK}, Verdict.DAMAGED),
        (200, {"data": None, "error": OK}, Verdict.DAMAGED),
        (200, {"data": [], "error": OK}, Verdict.DAMAGED),
        (200, {"data": {}, "error": OK}, Verdict.DAMAGED),
        (200, {"data": {"has_more": None}, "error": OK}, Verdict.DAMAGED),
        (200, {"data": {"has_more": "false"}, "error": OK}, Verdict.DAMAGED),
    ],
)
def test_an_answer_of_another_shape_is_not_accepted(status, body, verdict):
    assert read(received(status, body), SHAPE).verdict is verdict


@pytest.mark.parametrize(
    ("body", "shape", "verdict"),
    [
        ({"data": {"username": "u"}, "error": OK}, {}, Verdict.ACCEPTED),
        ({"data": {}, "error": OK}, {}, Verdict.SERVER_ERROR),
        ({"data": None, "error": OK}, {}, Verdict.SERVER_ERROR),
        ({"data": [1], "error": OK}, {}, Verdict.SERVER_ERROR),
        ({"data": {"videos": []}, "error": OK}, SHAPE, Verdict.SERVER_ERROR),
    ],
)
def test_a_500_is_an_answer_only_if_it_has_usable_data(body, shape, verdict):
    assert read(received(500, body), shape).verdict is verdict


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_the_flat_errors_of_the_token_endpoint_are_read_whatever_the_status(status):
    flat = {
        "error": "invalid_client",
        "error_description": "Client key or secret is incorrect.",
        "log_id": "L",
    }
    reading = read(received(status, flat))
    assert (reading.code, reading.message) == ("invalid_client", "Client key or secret is incorrect.")
    assert reading.verdict is not Verdict.ACCEPTED


def test_f08_a_page_that_is_cut_anywhere_is_damaged():
    assert read(received(200, WHOLE), SHAPE).verdict is Verdict.ACCEPTED
    verdicts = {read(received(200, WHOLE[:length]), SHAPE).verdict for length in range(1, len(WHOLE))}
    assert verdicts == {Verdict.DAMAGED}


def test_f08_garbled_json_is_damaged_and_shown():
    reading = read(received(200, WHOLE[:40] + "\udcff\udcfe\x00" + WHOLE[43:].replace('"', "", 1)), SHAPE)
    assert reading.verdict is Verdict.DAMAGED
    assert '{"data": {"videos"' in reading.message


@pytest.mark.parametrize("status", [200, 503])
def test_f15_the_start_of_a_page_of_html_is_shown_on_one_line(status):
    page = "<!DOCTYPE html>\n\x1b[31m<title>Mañana</title>\r\n" + "x" * 200 + "TAIL"
    reading = read(received(status, page), SHAPE)
    assert reading.verdict is Verdict.SERVER_ERROR
    assert "<!DOCTYPE html>\\n\\x1b[31m<title>Ma\\xf1ana</title>" in reading.message
    assert reading.message.isprintable()
    assert reading.message.count("x" * 100) == 1
    assert "TAIL" not in reading.message
    assert f"HTTP {status}" in reading.code


DEEP = "[" * 100_000 + "]" * 100_000
LONG = "9" * 5000


@pytest.mark.parametrize("odd", [DEEP, f"{LONG}, {DEEP}", f'{{"a": {LONG}, "b": {DEEP}}}'])
def test_f21_json_that_nests_too_deep_is_damaged(odd):
    text = WHOLE.replace("[{", f"[{odd}, {{", 1)
    assert read(received(200, text), SHAPE).verdict is Verdict.DAMAGED


def test_f21_a_number_of_5000_digits_costs_nothing_but_itself():
    answer = received(200, WHOLE.replace("[{", f'[{{"view_count": {LONG}, ', 1))
    assert read(answer, SHAPE).verdict is Verdict.ACCEPTED
    assert answer.content["data"]["videos"] == [{"view_count": LONG, "id": 7213456789012345678}]


@pytest.mark.parametrize("odd", ["NaN", "Infinity", "1e999", '1, "like_count": 2'])
def test_f21_odd_numbers_and_doubled_keys_are_accepted(odd):
    text = WHOLE.replace("[{", f'[{{"like_count": {odd}, ', 1)
    assert read(received(200, text), SHAPE).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("status", "text", "verdict"),
    [
        (200, "7213456789012345678\n7213456789012345679\n", Verdict.ACCEPTED),
        (200, "7213456789012345678\r\n7213456789012345679", Verdict.ACCEPTED),
        (200, "7213456789012345678", Verdict.ACCEPTED),
        (200, "", Verdict.ACCEPTED),
        (500, "7213456789012345678", Verdict.DAMAGED),
        (200, GATEWAY, Verdict.SERVER_ERROR),
        (200, json.dumps({"data": {"task_status": "Processing"}, "error": OK}), Verdict.DAMAGED),
        (200, json.dumps({"data": {}, "error": OK}), Verdict.DAMAGED),
        (200, json.dumps(error("rate_limit_exceeded")), Verdict.RATE_LIMITED),
    ],
)
def test_a_list_of_ids_is_an_answer_only_where_one_is_expected(status, text, verdict):
    assert read(received(status, text), id_list=True).verdict is verdict
    assert read(received(status, text), SHAPE).verdict is not Verdict.ACCEPTED
