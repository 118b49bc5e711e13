"""Waits that grow while the API answers nothing: no single question is to blame then, so none is given up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from gettok.errors import NotNow

#: The pauses of a run that gives up after an hour without an answer, in minutes; together they are an hour.
FOR_AN_HOUR = (1, 1, 2, 4, 8, 16, 28)
#: The pauses of a run that waits for as long as it takes.
WITHOUT_END = (1, 2, 4, 8, 16, 32, 60)


@dataclass
class Backoff:
    """Waits longer each time and reports each wait, until `restart` says that something was answered."""

    wait: Callable[[float], None]
    on_message: Callable[[str], None]
    minutes: tuple[int, ...] = WITHOUT_END
    #: Whether it gives up after the last pause; otherwise the last one repeats.
    gives_up: bool = False
    _pauses: int = 0

    def back_off(self, trouble: NotNow) -> None:
        """Wait; raises `NotNow` after the last pause if it `gives_up`."""
        if self.gives_up and self._pauses >= len(self.minutes):
            raise NotNow(f"{trouble.what}; nothing else is answered for an hour", trouble.did, trouble.can)
        pause = timedelta(minutes=self.minutes[min(self._pauses, len(self.minutes) - 1)])
        self.on_message(
            f"{trouble.what}; trying again in {span(pause)}. Ctrl-C ends the run; nothing is lost"
        )
        self.wait(pause.total_seconds())
        self._pauses += 1

    def restart(self) -> None:
        """Begin with the shortest pause again."""
        self._pauses = 0


def span(time: timedelta) -> str:
    """A length of time in hours and minutes, rounded up."""
    minutes = -(-int(time.total_seconds()) // 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"
