"""Where networks run: a device by its name, or the best there is."""

import torch

from ganatomy.errors import InputError, unknown


def choose_device(name: str | torch.device) -> torch.device:
    """Find the device with a name, or say why it cannot be used.

    Raises:
        InputError: no such device in PyTorch, or none on this machine.

    >>> choose_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind = str(name).partition(":")[0]
    if kind not in ("cpu", "cuda", "mps", "xpu"):
        raise unknown("device", str(name), ["auto", "cpu", "cuda", "mps", "xpu"])
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0][:100]
        raise InputError(f"device '{name}' cannot be used here ({reason}); use cpu or auto") from None
    return device
