"""The camera's model with derivatives, against OpenCV's."""

import cv2
import numpy as np
import pytest
from tests.cameras.scenes import DISTORTION, draw_cameras, draw_walk

from dlc_batch_cameras.projecting import project_with_jacobian


@pytest.mark.parametrize(
    "distortion",
    [
        (0.0, 0.0, 0.0, 0.0),
        DISTORTION,
        (0.1, -0.05, 0.002, 0.003, 0.01, 0.15, 0.02, -0.01),
    ],
    ids=["none", "of five coefficients", "rational"],
)
def test_pixels_and_derivatives_are_those_of_opencv(distortion: tuple[float, ...]) -> None:
    points = draw_walk(50).reshape(-1, 3)
    for camera in draw_cameras(3, distortion):
        found = project_with_jacobian(camera, points.T)
        turn, _ = cv2.Rodrigues(camera.rotation)
        pixels, slopes = cv2.projectPoints(
            points, turn, camera.translation, camera.matrix, camera.distortion
        )
        np.testing.assert_allclose(found.pixels.T, pixels[:, 0], atol=1e-9)
        by_world = slopes[:, 3:6].reshape(-1, 2, 3) @ camera.rotation
        np.testing.assert_allclose(found.jacobian.transpose(2, 0, 1), by_world, atol=1e-9)
        np.testing.assert_allclose(found.depths, camera.to_camera(points)[:, 2])


def test_a_camera_resized_sees_points_where_the_scaled_image_has_them() -> None:
    (camera, *_) = draw_cameras(2)
    points = draw_walk(20).reshape(-1, 3)
    wide, high = camera.size
    before, after = camera.project(points), camera.resized((3 * wide, 2 * high)).project(points)
    assert after == pytest.approx((before + 0.5) * (3, 2) - 0.5, nan_ok=True)


def test_a_model_with_more_coefficients_is_refused_by_the_cameras_name() -> None:
    camera = draw_cameras(1, (0.0,) * 12).cameras[0]
    with pytest.raises(ValueError, match=r"camera-1 has 12"):
        project_with_jacobian(camera, np.zeros((3, 1)))
