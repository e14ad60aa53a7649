"""What compiled steps and functions have in common: the programs they keep, and what they tell of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

KEPT = 16  # programs, for so many different shapes
ALLOWED = 16  # recordings without further question
WORTH = 16  # replays that pay for another one


@dataclass
class Refusal:
    """Why there is no program for arrays of some shapes, and how often they came since."""

    reason: str
    batches: int = 0

    def is_asked_again(self) -> bool:
        """Count a batch; tell whether to try with it, as what was wrong may have been in the numbers."""
        self.batches += 1
        return self.batches & (self.batches - 1) == 0  # 1, 2, 4, 8, ...: ever more rarely


class Compiled:
    """Something that is recorded when it is first done, and then replayed.

    Attributes
    ----------
    steps, recordings, replays : int
        How often it was done, how many times it was written down to the end, even if no program came of it,
        and how often it was replayed.
    reason : str or None
        Why it was not replayed the last time; ``None`` if it was.
    """

    noun = "step"  # what it is called
    changing = "batches or the model"

    def __init__(self) -> None:
        self.steps = self.replays = self.recordings = 0
        self.reason: str | None = f"there was no {self.noun} yet"
        self._reasons: Counter[str] = Counter()
        self._forget()

    # Programs -------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._programs: dict[Any, Any] = {}
        self._last_key: Any = None  # of these
        self._last_found: Any = None

    def _kept(self, key: Any) -> Any:
        """Return the program for a key, why there is none (a Refusal), or ``None`` if it is new."""
        self._last_key, self._last_found = key, self._programs.get(key)
        return self._last_found

    def _refused(self, found: Any) -> str | None:
        """Return why no recording is made now, where there is no program that fits."""
        worth = self.recordings < ALLOWED + self.replays // WORTH
        if isinstance(found, Refusal) and not (worth and found.is_asked_again()):
            return found.reason
        if not worth:
            return f"{self.changing} change so often that recording is not worth while"
        return None

    def _keep(self, key: Any, found: Any) -> None:
        """Keep a program, or why there is none; forget the one that was made first."""
        earlier = self._programs.pop(key, None)
        batches = earlier.batches if isinstance(earlier, Refusal) else 0
        kept = Refusal(found, batches) if isinstance(found, str) else found
        if len(self._programs) >= KEPT:
            del self._programs[next(iter(self._programs))]
        self._programs[key] = kept
        self._last_key, self._last_found = key, kept

    # What happened --------------------------------------------------------------------------------

    @property
    def raised(self) -> str:
        """What is told of one that has not come to its end."""
        return f"an exception ended the {self.noun}"

    def _note(self, reason: str) -> None:
        self.reason = reason
        self._reasons[reason] += 1

    def report(self) -> str:
        """Return how many times it was replayed, and why not the other times, a line for each reason."""
        lines = [f"{self.replays} of {self.steps} {self.noun}s were replayed"]
        lines += [f"{count} not: {reason}" for reason, count in self._reasons.most_common()]
        raised = self.steps - self.replays - self._reasons.total()
        if raised:
            lines.append(f"{raised} not: {self.raised}")
        return "\n".join(lines)

    def __getstate__(self) -> dict[str, Any]:
        # What was recorded is about these objects, and not their copies.
        forgotten: dict[str, Any] = {"_programs": {}, "_last_key": None, "_last_found": None}
        return {**vars(self), **forgotten, "_reasons": self._reasons.copy()}
