"""The parts of a form that has files (`multipart/form-data`)."""

import re

from sandbox.exchange import Refusal, Request


def multipart(request: Request) -> dict[str, tuple[str, bytes]]:
    """By the name of the field: the file's name, or the empty text, and the content."""
    found = re.search(r'multipart/form-data;.*boundary="?([^";]+)', request.headers.get("content-type", ""))
    if found is None:
        raise Refusal(415, "", "HTTP 415 Unsupported Media Type")
    parts = request.body.split(b"--" + found[1].encode())
    if len(parts) < 3 or not parts[-1].startswith(b"--"):
        raise Refusal(400, "", "The form ends early.")
    return dict(_part(part) for part in parts[1:-1])


def _part(part: bytes) -> tuple[str, tuple[str, bytes]]:
    head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    field = re.search(r'[; ]name="([^"]*)"', head.decode())
    file = re.search(r'filename="([^"]*)"', head.decode())
    return field[1] if field else "", (file[1] if file else "", content.removesuffix(b"\r\n"))
