"""The doctor names every credential that the chosen settings need and the environment lacks."""

import pytest

from gettok.cli.compose import compose
from gettok.cli.doctor import credentials_line
from gettok.errors import BadCredentials
from gettok.pipeline.collecting.researching import credentials

pytestmark = pytest.mark.usefixtures("conf")
_NAMES = ("TIKTOK_CLIENT_KEY", "TIKTOK_CLIENT_SECRET", "OPENAI_API_KEY")


@pytest.fixture(autouse=True)
def _none_is_set(monkeypatch):
    for name in _NAMES:
        monkeypatch.delenv(name, raising=False)


def test_all_missing_credentials_of_the_settings_are_named_at_once(monkeypatch):
    settings = compose(["source=tiktok", "llm=openai"])
    with pytest.raises(BadCredentials) as refused:
        credentials_line(settings)
    assert all(name in refused.value.what for name in _NAMES)
    monkeypatch.setenv("OPENAI_API_KEY", "a key")
    assert credentials_line(settings) == (
        "not set, and needed to collect: TIKTOK_CLIENT_KEY and TIKTOK_CLIENT_SECRET"
    )
    monkeypatch.setenv("TIKTOK_CLIENT_SECRET", "a secret")
    assert credentials_line(settings) == "not set, and needed to collect: TIKTOK_CLIENT_KEY"


def test_the_sandbox_and_a_file_of_metadata_need_no_credentials_of_their_own():
    assert credentials_line(compose([])) == "all credentials are set"
    assert credentials_line(compose(["source=zeeschuimer"])) == "all credentials are set"


def test_both_credentials_of_the_research_api_are_named_at_once():
    with pytest.raises(BadCredentials, match="TIKTOK_CLIENT_KEY and TIKTOK_CLIENT_SECRET are not set"):
        credentials(compose(["source=tiktok"]).source)
