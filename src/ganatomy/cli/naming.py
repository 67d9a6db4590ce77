"""How files and folders are called that a person gave no name."""


def seeds_in_name(seed: int, seeds: str | None) -> str:
    """Say in a file's name which seeds it is of.

    >>> seeds_in_name(0, None), seeds_in_name(0, "3, 7,10-12")
    ('seed0', 'seeds3+7+10-12')
    """
    return f"seed{seed}" if seeds is None else f"seeds{seeds.replace(',', '+').replace(' ', '')}"


def drawn_in_name(psi: float | None, cutoff: int | None, noise: str, mix: list[str] | None = None) -> list[str]:
    """Say in a file's name how codes were drawn and pictures grained, where a person said so.

    >>> drawn_in_name(0.5, None, "none", ["7:0:2"]), drawn_in_name(None, None, "stored")
    (['psi0.5', 'noise-none', 'mix7:0:2'], [])
    """
    told = [] if psi is None else [f"psi{psi:g}"]
    told += [] if cutoff is None else [f"cutoff{cutoff}"]
    told += [] if noise == "stored" else [f"noise-{noise}"]
    return told + [f"mix{each}" for each in mix or []]
