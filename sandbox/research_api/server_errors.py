"""Server trouble: by the script, by chance, or because of what is asked."""

from sandbox.chance import falls
from sandbox.exchange import Refusal, Request, json_body
from sandbox.faults import Fault
from sandbox.research_api.query import days_asked
from sandbox.world import World

MESSAGES = (
    "Something is wrong. Please try again later.",
    "Something went wrong. Please try again later.",
    "Server Internal Error",
)
"""Messages of status 500, and at times of 400, that clients of the real one know (researchtikpy)."""


def is_stuck(world: World, request: Request) -> bool:
    """Whether this try ends at the gateway, in HTML."""
    profile = world.profile
    if not profile.p_504_html:
        return False
    attempt = world.attempts.next(f"504/{request.digest}")
    return falls(profile.p_504_html, profile.seed, "504", request.digest, attempt)


def stumble(world: World, request: Request, fault: Fault) -> None:
    """Status 500; chance looks at how often the question came, a dead date does not."""
    profile = world.profile
    days = days_asked(json_body(request)) if profile.p_500_per_day or profile.dead_dates else ()
    attempt = world.attempts.next(request.digest)
    share = profile.p_500 + profile.p_500_per_day * len(days)
    is_unlucky = falls(share, profile.seed, "500", request.digest, attempt)
    message = MESSAGES[(int(request.digest[:8], 16) + attempt) % len(MESSAGES)]
    if fault.do == "400_trouble":
        raise Refusal(400, "invalid_params", message)
    if fault.do == "500" or is_unlucky or not profile.dead_dates.isdisjoint(days):
        raise Refusal(500, "internal_error", message)
