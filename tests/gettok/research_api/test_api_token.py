"""The access token: requested once, renewed early, and given up after a few requests when it is refused."""

import pytest
from api_caller import DATE, GRANTED, OK, PAGE, SECRET, TOKEN, Asker, RawServer, fails, http

from gettok.errors import BadCredentials, NotNow
from gettok.research_api import RequestFailing

UNAUTHORIZED = fails(401, "access_token_invalid", "The access token is invalid or not found in the request.")


def granted(**changes: object) -> bytes:
    return http({"access_token": TOKEN, "expires_in": 7200, "token_type": "Bearer"} | changes)


def flat(status: int, error: str, description: str = "") -> bytes:
    return http({"error": error, "error_description": description, "log_id": "L1"}, status)


def test_a_token_is_requested_once_with_the_documented_form(tmp_path):
    with RawServer() as server, Asker(server.base, tmp_path, secret=SECRET) as asker:
        for _ in range(3):
            asker.ask()
        assert server.token_requests == 1
        request = server.asked[0]
        assert request.path == "/oauth/token/"
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        assert (
            request.body
            == f"client_key=sandbox&client_secret={SECRET}&grant_type=client_credentials".encode()
        )
        assert {asked.headers["authorization"] for asked in server.questions} == {f"Bearer {TOKEN}"}
        assert asker.used == 3, "a request for a token is not known to count"


@pytest.mark.parametrize(
    ("expires_in", "good_for_s"),
    [
        (7200, 6900),
        ("7200", 6900),
        (1000, 700),
        (100, 50),
        (10**400, 6900),
        (float("nan"), 6900),
        (None, 6900),
        (0, 6900),
        ("soon", 6900),
    ],
)
def test_a_token_is_renewed_five_minutes_before_its_end(tmp_path, expires_in, good_for_s):
    with (
        RawServer(tokens=[granted(expires_in=expires_in)]) as server,
        Asker(server.base, tmp_path) as asker,
    ):
        asker.ask()
        asker.clock.at += good_for_s - 1
        asker.ask()
        assert server.token_requests == 1
        asker.clock.at += 2
        asker.ask()
        asker.ask()
        assert server.token_requests == 2


def test_f04_a_refused_token_is_renewed_and_the_same_question_goes_on(tmp_path):
    second = granted(access_token="clt.the-second-one")
    with (
        RawServer([PAGE, UNAUTHORIZED, PAGE], [GRANTED, second]) as server,
        Asker(server.base, tmp_path) as asker,
    ):
        asker.ask()
        asker.ask()
        tokens = [asked.headers["authorization"].split()[1] for asked in server.questions]
        assert tokens == [TOKEN, TOKEN, "clt.the-second-one"]
        assert len({asked.body for asked in server.questions}) == 1
        assert asker.used == 3
        assert sum(asker.waits) == 0


def test_f04_a_token_that_is_refused_for_ever_is_requested_twice_and_no_more(tmp_path):
    with RawServer([UNAUTHORIZED]) as server, Asker(server.base, tmp_path) as asker:
        with pytest.raises(BadCredentials, match="The access token is invalid") as error:
            asker.ask()
        assert error.value.exit_code == 77
        assert "TIKTOK_CLIENT_KEY" in error.value.can
        assert (server.token_requests, len(server.questions)) == (2, 2)


@pytest.mark.parametrize("status", [200, 400, 401, 500])
@pytest.mark.parametrize(
    "code",
    [
        "access_denied",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
    ],
)
def test_refused_credentials_are_fatal_at_once_whatever_the_status(tmp_path, status, code):
    refusal = flat(status, code, "Client key or secret is incorrect.")
    with RawServer(tokens=[refusal]) as server, Asker(server.base, tmp_path) as asker:
        with pytest.raises(BadCredentials, match="Client key or secret is incorrect"):
            asker.ask()
        assert (server.token_requests, len(server.questions), asker.waits) == (1, 0, [])
        assert asker.used == 0


def test_refused_credentials_are_known_in_the_envelope_of_the_other_endpoints_too(tmp_path):
    refusal = fails(401, "invalid_client", "Client key or secret is incorrect.")
    with RawServer(tokens=[refusal]) as server, Asker(server.base, tmp_path) as asker:
        with pytest.raises(BadCredentials):
            asker.ask()
        assert server.token_requests == 1


def test_f50_a_secret_that_the_server_repeats_is_not_in_the_message(tmp_path):
    def echoes(status, code):
        def answer(connection, asked):
            connection.sendall(flat(status, code, f"Not good: {asked.body.decode()}"))

        return answer

    for code, error in (("invalid_client", BadCredentials), ("server_error", NotNow)):
        with (
            RawServer(tokens=[echoes(400, code)]) as server,
            Asker(server.base, tmp_path, secret=SECRET) as asker,
            pytest.raises(error) as error,
        ):
            asker.ask()
        assert f"{code}: Not good: client_key=sandbox&client_secret=***" in str(error.value)
        assert SECRET not in f"{error.value!r} {error.value}"


@pytest.mark.parametrize(
    "trouble",
    [
        flat(500, "server_error", "Try later."),
        flat(200, "temporarily_unavailable"),
        http("<html>502 Bad Gateway</html>", 502),
        http("<html>Maintenance</html>"),
        http('{"access_token": "clt.cut'),
        http("[]"),
        b"",
        http({"data": {}, "error": OK}),
        granted(access_token=None),
        granted(access_token=""),
        granted(access_token={"token": "x"}),
        granted(access_token="clt.with\r\nX-Injected: yes"),
        granted(access_token="clt.señal"),
    ],
)
def test_trouble_at_the_token_endpoint_is_waited_out_and_bounded(tmp_path, trouble):
    passing = [trouble, trouble, GRANTED]
    with RawServer(tokens=passing) as server, Asker(server.base, tmp_path / "passing") as asker:
        asker.ask()
        assert (server.token_requests, len(asker.waits)) == (3, 2)
        assert 0.5 <= asker.waits[0] < asker.waits[1] < 2
    with RawServer(tokens=[trouble]) as server, Asker(server.base, tmp_path / "lasting") as asker:
        with pytest.raises(NotNow, match="gives no access token") as error:
            asker.ask()
        assert "asked 6 times" in error.value.did
        assert "nothing else is answered for an hour" in error.value.what
        assert (server.token_requests, len(server.questions)) == (8 * 6, 0)
        assert 3600 < sum(asker.waits) < 2 * 3600, "eight pauses at most, and the tries between them"


def test_a_token_that_ends_while_the_api_is_down_is_waited_for_and_the_question_goes_on(tmp_path):
    down = http("<html>503 Service Unavailable</html>", 503)
    messages = []
    with (
        RawServer(tokens=[GRANTED, *[down] * 20, GRANTED]) as server,
        Asker(server.base, tmp_path, on_message=messages.append) as asker,
    ):
        asker.ask()
        asker.clock.at += 7200
        asker.ask()
        assert (server.token_requests, len(server.questions)) == (22, 2)
        assert [line.partition("; trying again in ")[2][:11] for line in messages] == [
            "0 h 01 min.",
            "0 h 01 min.",
            "0 h 02 min.",
        ]


def test_the_trouble_of_a_token_is_reported_in_the_servers_words(tmp_path):
    with (
        RawServer(tokens=[flat(503, "server_error", "Back at noon.")]) as server,
        Asker(server.base, tmp_path) as asker,
        pytest.raises(NotNow, match=r"server_error: Back at noon. \(log_id L1\)"),
    ):
        asker.ask()


def test_f50_no_error_of_the_connection_shows_the_token(tmp_path):
    with RawServer([b""]) as server, Asker(server.base, tmp_path) as asker:
        with pytest.raises(RequestFailing, match="no answer") as error:
            asker.ask()
        assert TOKEN not in f"{error.value!r}{error.value.__cause__!r}"


def test_the_servers_clock_is_known_from_a_token_alone(tmp_path):
    with RawServer(tokens=[GRANTED]) as server, Asker(server.base, tmp_path) as asker:
        asker.clock.at = 0
        assert f"{asker.api.now():%a, %d %b %Y %H:%M:%S GMT}" == DATE
        asker.clock.at += 60
        assert f"{asker.api.now():%H:%M:%S}" == "12:01:00"
        assert (server.token_requests, server.questions) == (1, [])
