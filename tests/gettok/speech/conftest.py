from types import SimpleNamespace

import pytest
from corpus_speech import spoken
from demo_model import with_settings


@pytest.fixture(scope="module")
def step():
    opened = with_settings()
    opened.open()
    return opened


@pytest.fixture(scope="module")
def speech(step):
    media, words = spoken("es")[0]
    return SimpleNamespace(media=media, words=words, answer=step.ask(media))
