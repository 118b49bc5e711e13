"""Server errors: by the script, by chance, or because of the requested dates."""

from sandbox.chance import happens
from sandbox.exchange import Refusal, Request, json_body
from sandbox.faults import Fault
from sandbox.research_api.query import requested_days
from sandbox.world import World

MESSAGES = (
    "Something is wrong. Please try again later.",
    "Something went wrong. Please try again later.",
    "Server Internal Error",
)
"""Messages of status 500, and sometimes of 400, that clients of the real API expect (researchtikpy)."""


def times_out(world: World, request: Request) -> bool:
    """Whether this attempt ends in the gateway's 504, an HTML page."""
    profile = world.profile
    if not profile.p_504_html:
        return False
    attempt = world.attempts.next(f"504/{request.digest}")
    return happens(profile.p_504_html, profile.seed, "504", request.digest, attempt)


def raise_server_error(world: World, request: Request, fault: Fault) -> None:
    """Raise status 500 if it is due; chance differs between attempts, a dead date fails each of them."""
    profile = world.profile
    days = requested_days(json_body(request)) if profile.p_500_per_day or profile.dead_dates else ()
    attempt = world.attempts.next(request.digest)
    share = profile.p_500 + profile.p_500_per_day * len(days)
    is_due = happens(share, profile.seed, "500", request.digest, attempt)
    message = MESSAGES[(int(request.digest[:8], 16) + attempt) % len(MESSAGES)]
    if fault.do == "400_trouble":
        raise Refusal(400, "invalid_params", message)
    if fault.do == "500" or is_due or not profile.dead_dates.isdisjoint(days):
        raise Refusal(500, "internal_error", message)
