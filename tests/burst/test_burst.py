"""A burst of uploads: a record, a job and a final mail for each, though all events come twice."""

from collections.abc import Callable

from tests.burst.__main__ import faults_of, line_of
from tests.burst.scene import scene
from tests.way.conftest import zip_project

from dlc_batch.local.home import Home

UPLOADS = 40


def test_a_burst_loses_nothing_and_doubles_nothing(new_home: Callable[[], Home]) -> None:
    with scene(new_home(), print) as cloud:
        small = cloud.burst(10, zip_project(), seconds=200)
        large = cloud.burst(UPLOADS, zip_project(), seconds=400)

    for tally in (small, large):
        print(line_of(tally))
        assert faults_of(tally) == []
    # requests per upload do not grow with the number of uploads; a wait for a busy run adds some
    assert large.requests / large.uploads < 1.5 * small.requests / small.uploads
