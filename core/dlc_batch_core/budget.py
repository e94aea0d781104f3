"""Whether a training may cost what it may cost: the caps that the admin set, and the quote."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dlc_batch_core.catalogue import problem
from dlc_batch_core.costs import Rates
from dlc_batch_core.ledger import Ledger
from dlc_batch_core.problems import Problem
from dlc_batch_core.quotes import Quote, quote
from dlc_batch_core.request import REQUEST_FILE, Request
from dlc_batch_core.run import Run
from dlc_batch_core.work import Work

#: The least that `time_limit_hours` takes.
_LEAST_HOURS = 0.1


@dataclass(frozen=True)
class Place:
    """Where a run's money is counted."""

    lab: str
    month: str  # such as 2026-11
    key: str  # of the upload


@dataclass(frozen=True)
class Budget:
    """What the labs of a stack may spend."""

    rates: Rates
    ledger: Ledger
    earlier: Callable[[str], Sequence[Run]]  # a lab's runs, newest first

    def shorten(self, request: Request) -> tuple[Request, tuple[str, ...]]:
        """Return the request with no more time than the cap per run pays for, and a note."""
        if self.rates.dollars_per_run and math.isinf(self.rates.most_an_hour):
            return request, (
                f"Your admin's cap of {self.rates.dollars_per_run:g} $ a run does not hold: the"
                f" stack has no price of {self._unpriced()} (its parameter `Prices`).",
            )
        count = len(request.shuffles)
        hours = self.rates.hours_within(request.time_limit_hours, count)
        if hours >= request.time_limit_hours:
            return request, ()
        hours = max(_LEAST_HOURS, math.floor(10 * hours) / 10)
        note = (
            f"The time limit is {hours:g} hours instead of {request.time_limit_hours:g}: your"
            f" admin lets a run cost {self.rates.dollars_per_run:g} $ at most"
            f"{f', all its {count} shuffles together' if count > 1 else ''}."
        )
        return replace(request, time_limit_hours=hours), (note,)

    def find_problems(self, run: Run, request: Request) -> list[Problem]:
        """Reserve the most that a run may cost in its lab's month, or say why that can't be."""
        month = run.submitted_at[:7]
        return self._problems(
            Place(run.lab, month, run.key),
            request,
            lambda cents, cap: self.ledger.reserve(run, month, cents, cap),
        )

    def foresee_problems(self, place: Place, request: Request) -> list[Problem]:
        """Return what `find_problems` would say now; nothing is reserved."""
        return self._problems(
            place,
            request,
            lambda cents, cap: self.ledger.committed(place.lab, place.month) + cents <= cap,
        )

    def _problems(
        self, place: Place, request: Request, has_room: Callable[[int, int], bool]
    ) -> list[Problem]:
        if what := self._unpaid(request):
            return [problem("cap-per-run", REQUEST_FILE, what)]
        cap = self.ledger.cap_of(place.lab)
        if cap is None:
            cap = round(100 * self.rates.dollars_per_month)
        if not cap:
            return []
        if math.isinf(self.rates.most_an_hour):
            what = f"The stack has no price of {self._unpriced()}, and a budget for each month."
            return [problem("price-unknown", place.key, what)]
        hours = len(request.shuffles) * request.time_limit_hours
        cents = math.ceil(100 * hours * self.rates.most_an_hour)
        if has_room(cents, cap):
            return []
        left = max(0, cap - self.ledger.committed(place.lab, place.month))
        what = (
            f"This training may cost up to {cents / 100:.2f} $ in its"
            f" {hours:g} hours. Of lab {place.lab}'s {cap / 100:.2f} $ for"
            f" {place.month}, {left / 100:.2f} $ are neither spent nor reserved for what runs now."
        )
        return [problem("budget", REQUEST_FILE, what)]

    def _unpaid(self, request: Request) -> str:
        """Say that the cap per run pays for less than the least; empty where it does not."""
        count, cap = len(request.shuffles), self.rates.dollars_per_run
        least = count * _LEAST_HOURS * self.rates.most_an_hour
        if not cap or least <= cap or math.isinf(least):
            return ""
        return (
            f"Your admin lets a run cost {cap:g} $ at most, which does not pay for"
            f" {60 * _LEAST_HOURS:g} minutes of each of its {count} trainings."
        )

    def _unpriced(self) -> str:
        return ", ".join(sorted(set(self.rates.instance_types) - set(self.rates.prices)))

    def quote(self, lab: str, work: Work, request: Request) -> Quote:
        """Return what a run of a lab is likely to take and cost."""
        return quote(work, self.earlier(lab), request.time_limit_hours, self.rates)
