import json
import pickle

import pytest
from scripted_endpoint import CANARY

from gettok.errors import BadCredentials
from gettok.settings.secrets import Secret, from_environment, refuse_missing


def test_f50_a_secret_is_printed_nowhere_and_survives_pickling_for_a_worker() -> None:
    secret = Secret(CANARY)
    assert {repr(secret), str(secret), f"{secret}", f"{[secret]}"} == {"***", "[***]"}
    assert not hasattr(secret, "__dict__")
    with pytest.raises(TypeError):
        json.dumps(secret)
    assert pickle.loads(pickle.dumps(secret)).reveal() == CANARY
    assert (secret == Secret(CANARY), secret == Secret("sk-other"), secret == CANARY) == (True, False, False)


def test_a_missing_key_is_named_in_three_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (None, "", "  "):
        monkeypatch.delenv("GETTOK_TEST_KEY", raising=False)
        if value is not None:
            monkeypatch.setenv("GETTOK_TEST_KEY", value)
        with pytest.raises(BadCredentials) as caught:
            from_environment("GETTOK_TEST_KEY")
        assert "GETTOK_TEST_KEY" in caught.value.what
        assert "GETTOK_TEST_KEY" in caught.value.can


def test_all_missing_keys_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GETTOK_TEST_KEY", CANARY)
    for name in ("GETTOK_TEST_SECRET", "GETTOK_TEST_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BadCredentials) as caught:
        refuse_missing(["GETTOK_TEST_SECRET", "GETTOK_TEST_KEY", "GETTOK_TEST_TOKEN"])
    assert caught.value.what == (
        "the environment variables GETTOK_TEST_SECRET and GETTOK_TEST_TOKEN are not set"
    )
    assert "export GETTOK_TEST_SECRET=…; export GETTOK_TEST_TOKEN=…" in caught.value.can
    refuse_missing(["GETTOK_TEST_KEY"])


@pytest.mark.parametrize("spoiled", [f"{CANARY}\nX: y", f"“{CANARY}”", f"{CANARY} {CANARY}"])
def test_f50_a_key_that_no_header_can_carry_is_refused_without_being_printed(
    monkeypatch: pytest.MonkeyPatch, spoiled: str
) -> None:
    monkeypatch.setenv("GETTOK_TEST_KEY", spoiled)
    with pytest.raises(BadCredentials) as caught:
        from_environment("GETTOK_TEST_KEY")
    assert CANARY not in str(caught.value)


def test_a_key_is_read_without_the_line_break_of_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GETTOK_TEST_KEY", f"{CANARY}\r\n")
    assert from_environment("GETTOK_TEST_KEY").reveal() == CANARY
