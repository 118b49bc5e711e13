"""A plain client for pages and media, which exposes whole answers."""

import json
import re

import pytest
import requests

SCRIPT = re.compile(
    r'<script id="__UNIVERSAL_DATA_FOR_REHYDRATION__" type="application/json">(.*?)</script>', re.DOTALL
)
SITE = {"Referer": "https://www.tiktok.com/"}


class Reader:
    """A plain reader of pages with one cookie jar."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.session = requests.Session()

    def page(self, video_id, user="anyone", kind="video"):
        return self.session.get(f"{self.sandbox.pages}/@{user}/{kind}/{video_id}", timeout=10)

    def detail(self, video_id):
        found = SCRIPT.search(self.page(video_id).text)
        assert found
        return json.loads(found.group(1))["__DEFAULT_SCOPE__"]["webapp.video-detail"]

    def struct(self, video_id):
        return self.detail(video_id)["itemInfo"]["itemStruct"]

    def get(self, url, **headers):
        return self.session.get(url, headers=SITE | headers, timeout=10)


def until_cut(answer):
    """What arrives before the connection breaks; fails if it does not."""
    got = b""
    try:
        for piece in answer.iter_content(1):
            got += piece
    except requests.exceptions.ChunkedEncodingError:
        return got
    return pytest.fail("the whole file arrived")
