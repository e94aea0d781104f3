"""The schedule of learning rates: ended, gone on with, scaled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_trainer.tensorflow.schedule import Schedule, fit_steps, scaled

#: DeepLabCut's own for one animal (pose_cfg.yaml).
STEPS = [[0.005, 10_000], [0.02, 430_000], [0.002, 730_000], [0.001, 1_030_000]]
COSINE = {"lr_init": 5e-4, "decay_steps": 100, "alpha_r": 0.02, "multi_step": STEPS}


def schedule_of(steps: list[list[float]], net_type: str = "resnet_50") -> Schedule:
    return Schedule({"net_type": net_type, "multi_step": steps})


@pytest.mark.parametrize(
    ("iterations", "fitted"),
    [
        (5, [[0.005, 5]]),
        (10_000, [[0.005, 10_000]]),
        (10_001, [[0.005, 10_000], [0.02, 10_001]]),
        (600_000, [*STEPS[:2], [0.002, 600_000]]),
        (1_030_000, STEPS),
        (2_000_000, [*STEPS[:3], [0.001, 2_000_000]]),
    ],
)
def test_ends_at_the_number_with_its_steps_where_they_were(
    iterations: int, fitted: list[list[float]]
) -> None:
    assert fit_steps(STEPS, iterations) == fitted


@given(iterations=st.integers(1, 3_000_000), share=st.floats(0, 1))
def test_no_rate_changes_but_for_the_end(iterations: int, share: float) -> None:
    fitted = schedule_of(fit_steps(STEPS, iterations))
    assert fitted.iterations == iterations
    number = max(1, round(share * min(iterations, 1_030_000)))
    assert fitted.rate(number) == schedule_of(STEPS).rate(number)


def test_a_step_is_over_after_its_last_iteration() -> None:
    schedule = schedule_of(STEPS)
    rates = [schedule.rate(n) for n in (1, 10_000, 10_001, 430_000, 430_001)]
    assert rates == [0.005, 0.005, 0.02, 0.02, 0.002]


def test_the_cosine_of_efficientnets() -> None:
    """0.02 of the first rate is left at the end of the decay, and from there on."""
    schedule = Schedule({"net_type": "efficientnet-b0", **COSINE})
    assert schedule.rate(50) == pytest.approx(5e-4 * (0.98 * 0.5 + 0.02))
    assert schedule.rate(100) == schedule.rate(5000) == pytest.approx(1e-5)
    assert schedule.rate(1) > schedule.rate(2)


@pytest.mark.parametrize(("halvings", "batch"), [(0, 6), (1, 3), (2, 1), (5, 1)])
def test_the_rates_go_with_the_batch(halvings: int, batch: int) -> None:
    """As far as it can be halved."""
    settings = scaled({"net_type": "efficientnet-b0", "batch_size": 6, **COSINE}, halvings)
    assert settings["batch_size"] == batch
    share = batch / 6
    assert settings["lr_init"] == pytest.approx(5e-4 * share)
    expected = [[pytest.approx(rate * share), last] for rate, last in STEPS]
    assert settings["multi_step"] == expected
