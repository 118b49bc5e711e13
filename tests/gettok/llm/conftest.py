from collections.abc import Iterator
from pathlib import Path

import pytest
from chat_bench import Bench
from scripted_endpoint import Endpoint


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Endpoint() as endpoint:
        bench = Bench(endpoint, tmp_path)
        yield bench
        for client in bench.clients:
            client.close()
