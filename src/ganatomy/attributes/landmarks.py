"""The points of the face mesh that are used, by their numbers among its 468.

Left and right are those of the picture. Mirroring a picture swaps the two of each pair and leaves the middle points.

Reference:
    Y. Kartynnik, A. Ablavatski, I. Grishchenko and M. Grundmann (2019), Real-time facial surface geometry from
    monocular video on mobile GPUs, CVPR Workshop on Computer Vision for Augmented and Virtual Reality; the numbering is
    that of MediaPipe's face mesh.
"""

import numpy as np

POINTS = 468

EYES = (33, 133, 362, 263)  # the corners, from left to right
LEFT_EYE = (33, 160, 158, 133, 153, 144)  # corner, two above, corner, two below
RIGHT_EYE = (362, 385, 387, 263, 373, 380)
MOUTH = (61, 291)  # the corners
LIPS = (13, 14)  # the middles of the inner edges, upper and lower
CHEEKS = (50, 280)
TOP, CHIN = 10, 152
OVAL = (  # the outline of the face, clockwise from the top
    *(TOP, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(CHIN, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
NOSTRILS = (98, 327)
BRIDGE = (151, 9, 168, 6, 195, 4, 2)  # forehead, bridge, tip and base of the nose

_PAIRS = (
    *((33, 263), (160, 387), (158, 385), (133, 362), (153, 380), (144, 373)),
    *(MOUTH, CHEEKS, NOSTRILS),
    *zip(OVAL[-1:18:-1], OVAL[1:18], strict=True),
)
MIRRORED = np.array(_PAIRS)
"""Pairs (left, right) of points that a mirror swaps."""
MIDDLE = np.array([*BRIDGE, *LIPS, TOP, CHIN])
"""Points that a mirror leaves."""
