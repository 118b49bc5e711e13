"""Batch Compliance with a server that forgets what was submitted."""

import pytest
from api_caller import OK, Asker, RawServer, fails, http

from gettok.collect.compliance import Compliance
from gettok.errors import NotNow
from gettok.store import Store


def test_a_task_that_is_forgotten_at_once_comes_back_later_and_is_not_about_the_study(tmp_path):
    replies = [http({"data": {"task_id": number}, "error": OK}) for number in (1, 2)]
    forgotten = fails(400, "invalid_params", "Task cannot be found")
    script = [replies[0], forgotten, replies[1], forgotten]
    with RawServer(script) as server, Store(tmp_path) as store, Asker(server.base, tmp_path) as asker:
        with pytest.raises(NotNow, match="does not know the check of 2 ids") as error:
            Compliance(store, asker.api, {}).valid(("1", "2"))
        assert len(server.questions) == 4
    assert "--method ids" in error.value.can
    assert "study.query" not in str(error.value)
