"""How Lambda functions are called here: never more than a few at once, and no event lost."""

import json
import logging
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

from ministack.services import lambda_svc  # type: ignore[import-untyped]

_logger = logging.getLogger("dlc_batch.functions")

# A burst of 300 uploads made 178 Python processes and lost 124 events before there was a bound.
CONCURRENT_FUNCTIONS = 4
_LOOK_AGAIN_S = 1.0  # for a slot: a function that is replaced may free it without a word

Slot = tuple[str | None, str | None]


class FunctionSlots:
    """MiniStack's concurrency limits, waited for instead of answered with a throttle.

    AWS keeps a throttled event for hours and tries it again; MiniStack tries three times in
    three seconds and drops it. A function that may never run (reserved concurrency 0) is still
    refused at once.
    """

    def __init__(self, acquire: Callable[..., Slot], release: Callable[[str], None]) -> None:
        self._acquire = acquire
        self._release = release
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Condition] = {}  # by function: each has its own limit
        self._waiting = 0

    def acquire(self, function: dict[str, Any], config: dict[str, Any]) -> Slot:
        """In place of `lambda_svc._acquire_execution_slot`."""
        never = lambda_svc._reserved_concurrency(function, config) == 0
        with self._lock:
            turn = self._turns.setdefault(config["FunctionName"], threading.Condition(self._lock))
            self._waiting += 1
            try:
                slot = self._acquire(function, config)
                while slot[0] is None and not never:
                    turn.wait(_LOOK_AGAIN_S * self._waiting)  # one of them each second
                    slot = self._acquire(function, config)
                self._wake_next()
                return slot
            finally:
                self._waiting -= 1

    def release(self, key: str) -> None:
        """In place of `lambda_svc._release_execution_slot`."""
        with self._lock:
            self._release(key)
            self._wake_next()

    def busy(self) -> bool:
        """True while a function runs or waits to."""
        with self._lock:
            return self._waiting > 0 or lambda_svc.executions_in_flight()[0] > 0

    def _wake_next(self) -> None:
        """Wake one of each function: thousands at once take longer than what they wait for."""
        for turn in self._turns.values():
            turn.notify()


def deliver_with_retry(arn: str, payload: str) -> None:
    """In place of `eventbridge._dispatch_to_lambda`, which calls once and forgets: an
    asynchronous invocation with Lambda's retries and its dead letter queue."""
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        _logger.warning("an event rule's function does not exist: %s", name)
        return
    record = lambda_svc._execution_record_for_config(function, config)
    token = _delivery.set(str(uuid4()))  # the tries run in a copy of this context
    try:
        lambda_svc.invoke_async_with_retry(record, json.loads(payload))
    finally:
        _delivery.reset(token)


#: The request id of the event that is being delivered.
_delivery: ContextVar[str | None] = ContextVar("delivery", default=None)


def execute_as_lambda(original: Callable[..., Any]) -> Callable[..., Any]:
    """`lambda_svc._execute_function_dispatch` as AWS does it.

    All tries of one event have one request id: by it a function knows its own earlier try. And
    each try is of the function as it is now. MiniStack would try again what an update of the
    stack interrupted as it was before, and leave that for the events that follow.
    """

    def execute(function: Any, config: Any, event: Any, request_id: str, started: float) -> Any:
        found, current, _ = lambda_svc._get_func_record_for_ref(config["FunctionArn"])
        if found and current:
            function, config = lambda_svc._execution_record_for_config(found, current), current
        return original(function, config, event, _delivery.get() or request_id, started)

    return execute
