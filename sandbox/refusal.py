"""A request that a service turns down."""


class Refusal(Exception):
    """Carries what the caller is told: HTTP status, the service's own error code, a message."""

    def __init__(self, status: int, code: str, message: str, param: str | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.param = param


def invalid_params(message: str) -> Refusal:
    return Refusal(400, "invalid_params", message)


def invalid_cursor() -> Refusal:
    return invalid_params("Invalid count or cursor")  # tiktok-library#89


def search_lost(search_id: str) -> Refusal:
    return invalid_params(f"Search Id {search_id} is invalid or expired")  # traktok#17
