"""Colour as numbers that people agree on: stored sRGB to linear light, and that to CIELAB.

    linear     c / 12.92 for c <= 0.04045, ((c + 0.055) / 1.055)^2.4 above, c = grey level / 255
    luminance  Y = 0.2126 R + 0.7152 G + 0.0722 B, in linear light
    CIELAB     L* = 116 f(Y) - 16, a* = 500 (f(X / Xn) - f(Y)), b* = 200 (f(Y) - f(Z / Zn)), with the white (1, 1, 1)
               f(t) = t^(1/3) for t > (6/29)^3, t / (3 (6/29)^2) + 4/29 below
    chroma     C* = sqrt(a*^2 + b*^2), which is 0 for every grey

A distance of about 2.3 in CIELAB is the least that a person sees. Not guaranteed: that a generator's pictures are sRGB;
as ordinary screens take them to be, so do we.

Shape letters: `...` any number of pixels.

References:
    IEC 61966-2-1 (1999), Default RGB colour space, sRGB, section 5.
    CIE 15 (2004), Colorimetry, section 8.2.1.
    M. Mahy, L. Van Eycken and A. Oosterlinck (1994), Evaluation of uniform color spaces, Color Research & Application.
"""

import numpy as np
from numpy.typing import NDArray

_LEVEL = np.arange(256) / 255
_LINEAR = np.where(_LEVEL <= 0.04045, _LEVEL / 12.92, ((_LEVEL + 0.055) / 1.055) ** 2.4).astype(np.float32)
_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_XYZ = (_XYZ / _XYZ.sum(axis=1, keepdims=True)).astype(np.float32)  # so that white is (1, 1, 1)
_KNEE = 6 / 29


def linear_of(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn stored levels (..., 3) into linear light in [0, 1].

    >>> linear_of(np.array([0, 119, 255], np.uint8)).round(3)
    array([0.   , 0.184, 1.   ], dtype=float32)
    """
    return _LINEAR[pictures]


def lab_of(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn linear light (..., 3) into L*, a*, b*.

    >>> lab_of(np.eye(3, dtype=np.float32)).round(1)[0]  # pure red
    array([53.2, 80.1, 67.2], dtype=float32)
    """
    xyz = linear @ _XYZ.T
    f = np.where(xyz > _KNEE**3, np.cbrt(xyz), xyz / (3 * _KNEE**2) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32, copy=False)


def chroma_of(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Measure how far colours (..., 3) are from grey.

    >>> float(chroma_of(np.array([50.0, 3.0, -4.0])))
    5.0
    """
    return np.hypot(lab[..., 1], lab[..., 2])
