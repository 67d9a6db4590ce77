"""Plain pickles, as NVIDIA publishes its networks, read without running anything and without reading the numbers.

In a plain pickle a tensor's storage is a call of `torch.storage._load_from_bytes` with the bytes of a torch file that
holds this storage alone; the bytes are many and the pickle around them is small. They stay in the file, and what is
read of each is its head. Around the tensors, networks are dictionaries of plain attributes, parameters and parts, with
the source text of their classes, which is dropped. Constraint: as for `unpickling`, no name is looked up and nothing
is called; a pickle that asks for anything else is refused. Not guaranteed: that the source which was dropped does what
the published one does.

References:
    T. Karras et al. (2020), Training Generative Adversarial Networks with Limited Data: `torch_utils/persistence.py`
    and `legacy.py` of its implementation in PyTorch, for what such files hold.
"""

from typing import Any

from ganatomy.errors import InputError
from ganatomy.files import Meter, OpenFile
from ganatomy.generators.files.inert import Blob, Stub
from ganatomy.generators.files.torch import functions, read_storage
from ganatomy.generators.files.unpickling import read_pickle

_STORAGE = 100  # objects that one costs, whose head is a file of its own
_TENSORFLOW = ("dnnlib.tflib.", "tfutil.")


def read_plain(file: OpenFile, meter: Meter) -> Any:
    """Read a plain pickle: containers as plain ones, tensors as `StoredTensor`, networks and other objects as `Stub`.

    Raises:
        InputError: damaged, truncated, a pickle that asks for a call or costs too much, or one of a network made with
            TensorFlow.

    >>> import pickle, tempfile, torch
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "a.pkl"
    >>> with open(path, "wb") as file:
    ...     pickle.dump({"w": torch.arange(6.0).reshape(2, 3).T, "z_dim": 512}, file)
    >>> tree = read_plain(OpenFile(path), Meter(path))
    >>> tree["z_dim"], tree["w"].shape, tree["w"].read()[2].tolist()
    (512, (3, 2), [2.0, 5.0])
    """
    storages: dict[int, tuple[Any, Any]] = {}  # by what they were read from, which is kept, so that its id is its own

    def storage(data: Any, *_: Any) -> Any:
        if not isinstance(data, bytes | Blob):
            raise ValueError("a storage of no bytes")
        if id(data) not in storages:
            meter.draw("objects", _STORAGE)
            storages[id(data)] = data, read_storage(file, data, meter)
        return storages[id(data)][1]

    known = {**functions(meter.where), "torch.storage._load_from_bytes": storage}
    tree = read_pickle(file.stream(), meter, known, blobs=True)
    parts = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list | tuple) else [tree]
    if any(isinstance(part, Stub) and part.kind.startswith(_TENSORFLOW) for part in parts):
        raise InputError(
            f"{meter.where} holds networks of TensorFlow, which this version does not read: convert a StyleGAN2 with "
            f"legacy.py of NVIDIA's stylegan3, a StyleGAN with the converter of genforce"
        )
    return tree
