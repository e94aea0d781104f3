"""What `triangulating.py` asks of aniposelib, in an environment of aniposelib's own.

    python triangulating_anipose.py GIVEN.npz FOUND.npz

GIVEN holds the cameras, `pixels` (cameras, frames, points, 2), the `way` and the `rounds`; FOUND
gets `points` (frames, points, 3) and `seconds`, the least of the rounds, compiling not counted.
"""

import sys
import time

import cv2
import numpy as np
from aniposelib.cameras import Camera, CameraGroup


def main(given_path: str, found_path: str) -> None:
    given = np.load(given_path)
    group = CameraGroup(
        [
            Camera(
                matrix=matrix,
                dist=distortion,
                rvec=cv2.Rodrigues(rotation)[0].ravel(),
                tvec=translation,
                name=str(at),
            )
            for at, (matrix, distortion, rotation, translation) in enumerate(
                zip(
                    given["matrices"],
                    given["distortions"],
                    given["rotations"],
                    given["translations"],
                    strict=True,
                )
            )
        ]
    )
    pixels = given["pixels"]
    cameras, frames, parts, _ = pixels.shape
    flat = pixels.reshape(cameras, frames * parts, 2)
    limbs = [[at, at + 1] for at in range(parts - 1)]
    ways = {
        "triangulate": lambda: group.triangulate(flat),
        "triangulate_ransac": lambda: group.triangulate_ransac(flat)[0],
        "triangulate_optim": lambda: group.triangulate_optim(
            pixels, init_ransac=False, constraints=limbs
        ),
    }
    do = ways[str(given["way"])]
    if given["way"] != "triangulate_optim":
        group.triangulate(flat)  # compiles for arrays of this size
    seconds = []
    for _ in range(int(given["rounds"])):
        begun = time.perf_counter()
        points = do()
        seconds.append(time.perf_counter() - begun)
    np.savez(found_path, points=points.reshape(frames, parts, 3), seconds=min(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
