"""Who hears about which lab: `dlc-batch lab`, and the mails that follow."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from dlc_batch_core.run import time_text, to_item

from .test_faults import settings_of


@pytest.fixture(autouse=True)
def forget_subscribers(way: Any) -> Iterator[None]:
    yield
    sns, topic = way.client("sns"), way.cloud.outputs["TopicArn"]
    for each in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        if each["Endpoint"] in ("ann@example.org", "bob@example.org"):
            sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])


def _labs(way: Any) -> dict[str, Any]:
    found = json.loads(way.command("lab", "list", "--json").stdout)["subscribers"]
    assert all(each["confirmed"] for each in found)
    return {each["email"]: each["labs"] for each in found}


def test_a_run_is_told_to_its_lab_and_to_who_hears_of_all(
    way: Any, zip_project: Callable[..., bytes]
) -> None:
    for lab, email in (("miller", "ann@example.org"), ("other", "bob@example.org")):
        assert way.command("lab", "add", lab, email).returncode == 0
    everybody = {email for email, labs in _labs(way).items() if labs is None}
    assert len(everybody) == 1

    runs = {lab: way.put(zip_project(), f"uploads/{lab}/told.zip") for lab in ("miller", "other")}
    for run in runs.values():
        way.ended(run)

    for lab, email in (("miller", "ann@example.org"), ("other", "bob@example.org")):
        wanted = {email, *everybody}

        def told(run: str = runs[lab], wanted: set[str] = wanted) -> bool:
            return {mail.to for mail in way.mails(run, "SUCCEEDED")} >= wanted

        way.wait_for(told, f"the mails of {lab}")
        assert {mail.to for mail in way.mails(runs[lab])} == wanted


def test_an_address_hears_about_several_labs_and_adding_repeats_nothing(way: Any) -> None:
    for lab in ("miller", "other", "miller"):
        done = way.command("lab", "add", lab, "ann@example.org")
        assert done.stdout == f"ann@example.org hears about the runs of lab {lab}.\n"
    assert _labs(way)["ann@example.org"] == ["miller", "other"]
    assert "miller, other" in way.command("lab", "list").stdout

    assert json.loads(
        way.command("lab", "remove", "miller", "ann@example.org", "--json").stdout
    ) == {"lab": "miller", "email": "ann@example.org", "removed": True}
    assert _labs(way)["ann@example.org"] == ["other"]
    for already in ("", " (it did not before)"):
        done = way.command("lab", "remove", "other", "ann@example.org")
        assert done.stdout == f"ann@example.org does not hear about lab other{already}.\n"
    assert "ann@example.org" not in _labs(way)


def _months(way: Any) -> dict[str, tuple[float, float | None]]:
    found = json.loads(way.command("lab", "list", "--json").stdout)["labs"]
    assert {each["month"] for each in found} <= {time_text(time.time())[:7]}
    return {each["lab"]: (each["dollars"], each["monthly_dollars"]) for each in found}


def test_what_a_lab_has_spent_is_what_its_runs_of_this_month_came_to(
    way: Any, zip_project: Callable[..., bytes]
) -> None:
    for run, cost, month in (("one", 1.501, None), ("two", 2.0, None), ("old", 40.0, "2025-01")):
        found = way.ended(way.put(zip_project(), f"uploads/spender/{run}.zip"))
        record = replace(
            found,
            cost={"hours": 1.0, "dollars": cost},
            submitted_at=f"{month}-01T00:00:00" if month else found.submitted_at,
        )
        table = way.cloud.outputs["RunsTable"]
        way.client("dynamodb").put_item(TableName=table, Item=to_item(record))
    assert _months(way)["spender"] == (3.51, None)
    line = f"{'spender':<32}  3.51 $ in {time_text(time.time())[:7]}"
    assert line in way.command("lab", "list").stdout.splitlines()


def test_a_lab_has_a_budget_of_its_own(way: Any, zip_project: Callable[..., bytes]) -> None:
    asked = {"dlc-batch.yaml": "time_limit_hours: 10\n"}  # up to 5.74 $
    lab, email = "thrifty", "ann@example.org"
    # the local computer has no price
    with settings_of(way, "SubmitFunction", INSTANCE_TYPES="g4dn.xlarge"):
        done = way.command("lab", "add", lab, email, "--monthly-dollars", "8")
        assert done.stdout.splitlines()[-1] == f"Lab {lab} may spend 8.00 $ a month."
        first = way.ended(way.put(zip_project(asked), f"uploads/{lab}/first.zip"))
        assert (first.status, first.reserved_cents) == ("SUCCEEDED", 574)
        alone = way.command("lab", "add", lab, "--monthly-dollars", "5")  # without an address
        assert alone.stdout == f"Lab {lab} may spend 5.00 $ a month.\n"
        second = way.ended(way.put(zip_project(asked), f"uploads/{lab}/second.zip"))
        assert "Of lab thrifty's 5.00 $" in second.problems[0].what
    assert _months(way)[lab] == (0.0, 5.0)
    month = time_text(time.time())[:7]
    line = f"{lab:<32}  0.00 $ of 5.00 $ in {month}, spent or reserved"
    told = way.command("lab", "list")
    assert line in told.stdout.splitlines()
    for key in ("settings", f"month#{month}"):  # beside the runs, and none of them
        assert key not in way.command("list").stdout
        assert f"There is no run {key}" in way.command("status", key).stderr

    way.command("lab", "add", lab, email, "--monthly-dollars", "stack")
    assert _months(way)[lab] == (0.0, None)


def test_to_add_nothing_is_wrong_use(way: Any) -> None:
    refused = way.command("lab", "add", "miller")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "Give an EMAIL, or --monthly-dollars, or both." in refused.stderr


@pytest.mark.parametrize("dollars", ["-1", "much", "nan"])
def test_what_can_be_no_budget_is_refused(way: Any, dollars: str) -> None:
    refused = way.command("lab", "add", "miller", "ann@example.org", "--monthly-dollars", dollars)
    assert refused.returncode == 2
    assert "--monthly-dollars" in refused.stderr
    assert "ann@example.org" not in _labs(way)


def test_a_lab_that_only_somebody_hears_about_is_listed(way: Any) -> None:
    way.command("lab", "add", "new-lab", "ann@example.org")
    assert _months(way)["new-lab"] == (0.0, None)


def test_who_hears_of_every_lab_is_left_so(way: Any) -> None:
    (everybody,) = [email for email, labs in _labs(way).items() if labs is None]
    assert way.command("lab", "add", "miller", everybody).returncode == 0
    refused = way.command("lab", "remove", "miller", everybody)
    assert refused.returncode == 2
    assert "hears about every lab" in refused.stderr
    assert "NotificationEmail" in refused.stderr
    assert _labs(way)[everybody] is None


@pytest.mark.parametrize(
    ("lab", "email", "what"),
    [("Miller", "a@b", "can't be a lab's name"), ("miller", "a b@c", "is no e-mail address")],
)
def test_what_can_be_no_lab_or_address_is_refused(
    way: Any, lab: str, email: str, what: str
) -> None:
    for command in ("add", "remove"):
        refused = way.command("lab", command, lab, email)
        assert refused.returncode == 2
        assert what in refused.stderr
