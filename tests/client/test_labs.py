"""Addresses that have not confirmed, which the local cloud does not have: by a small SNS."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

import boto3
import pytest

from dlc_batch import labs
from dlc_batch.cloud import Cloud
from dlc_batch.labs import Subscriber, list_subscribers
from dlc_batch_core.errors import LabError

_ERROR = """<ErrorResponse><Error><Type>Sender</Type><Code>InvalidParameter</Code><Message>
Invalid parameter: Attributes Reason: Subscription already exists with different attributes
</Message></Error></ErrorResponse>"""


class SmallSns(ThreadingHTTPServer):
    """Takes e-mail subscriptions, each of which waits to be confirmed, as AWS's does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.policies: dict[str, str] = {}  # of the address
        self.confirmed: set[str] = set()
        self.asked: list[str] = []  # addresses that were sent the mail to confirm


class _Handler(BaseHTTPRequestHandler):
    server: SmallSns

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        asked = {name: values[0] for name, values in parse_qs(body).items()}
        status, answer = getattr(self, f"_{asked['Action']}")(asked)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(answer.encode())

    def _ListSubscriptionsByTopic(self, _: dict[str, str]) -> tuple[int, str]:
        members = [
            f"<member><Protocol>email</Protocol><Endpoint>{email}</Endpoint>"
            f"<SubscriptionArn>{self._arn(email)}</SubscriptionArn></member>"
            for email in self.server.policies
        ]
        return 200, _answer(
            "ListSubscriptionsByTopic", f"<Subscriptions>{''.join(members)}</Subscriptions>"
        )

    def _arn(self, email: str) -> str:
        return f"arn:{email}" if email in self.server.confirmed else "PendingConfirmation"

    def _Subscribe(self, asked: dict[str, str]) -> tuple[int, str]:
        email, policy = asked["Endpoint"], asked["Attributes.entry.1.value"]
        if self.server.policies.setdefault(email, policy) != policy:
            return 400, _ERROR
        self.server.asked.append(email)
        return 200, _answer("Subscribe", "<SubscriptionArn>pending confirmation</SubscriptionArn>")

    def _GetSubscriptionAttributes(self, asked: dict[str, str]) -> tuple[int, str]:
        policy = self.server.policies[asked["SubscriptionArn"].removeprefix("arn:")]
        entry = f"<entry><key>FilterPolicy</key><value>{policy}</value></entry>"
        return 200, _answer("GetSubscriptionAttributes", f"<Attributes>{entry}</Attributes>")

    def _SetSubscriptionAttributes(self, asked: dict[str, str]) -> tuple[int, str]:
        email = asked["SubscriptionArn"].removeprefix("arn:")
        self.server.policies[email] = asked["AttributeValue"]
        return 200, _answer("SetSubscriptionAttributes", "")

    def log_message(self, *_: object) -> None:
        pass


def _answer(action: str, result: str) -> str:
    return f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"


@pytest.fixture
def sns() -> Iterator[SmallSns]:
    server = SmallSns()
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def stack_of(sns: SmallSns) -> Cloud:
    session = boto3.Session("key", "secret", region_name="eu-west-1")
    url = f"http://127.0.0.1:{sns.server_port}"
    return Cloud(session, url, "no-bucket", "no-table", "no-queue", "arn:topic")


def test_an_address_is_asked_to_confirm_and_asked_again(sns: SmallSns, stack_of: Cloud) -> None:
    assert labs.add(stack_of, "miller", "ann@example.org")
    assert labs.add(stack_of, "miller", "ann@example.org")
    assert sns.asked == ["ann@example.org"] * 2
    assert list_subscribers(stack_of) == (Subscriber("ann@example.org", (), None),)
    sns.confirmed.add("ann@example.org")
    assert not labs.add(stack_of, "miller", "ann@example.org")
    assert not labs.add(stack_of, "other", "ann@example.org")
    assert json.loads(sns.policies["ann@example.org"]) == {"lab": ["miller", "other"]}
    assert len(sns.asked) == 2


def test_two_labs_at_once_wait_for_the_confirmation(stack_of: Cloud) -> None:
    labs.add(stack_of, "miller", "ann@example.org")
    with pytest.raises(LabError) as refused:
        labs.add(stack_of, "other", "ann@example.org")
    assert "confirm the mail" in refused.value.remedy


def test_who_has_not_confirmed_is_not_removed(stack_of: Cloud) -> None:
    labs.add(stack_of, "miller", "ann@example.org")
    with pytest.raises(LabError, match="has not confirmed"):
        labs.remove(stack_of, "miller", "ann@example.org")
