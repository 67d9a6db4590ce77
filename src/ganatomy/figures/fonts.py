"""Which fonts have Chinese, and so in which language a picture can be written.

matplotlib keeps a list of fonts that it made once and never makes again, so that a font installed since then is not in
it; where the list has none of `CHINESE_FONTS` the folders of the system are looked at. Not guaranteed: that a font of
such a name has every character.
"""

import shutil
import sys
from functools import cache
from multiprocessing import parent_process
from pathlib import Path

from matplotlib.font_manager import findSystemFonts, fontManager

from ganatomy.languages import Language, Words, chosen
from ganatomy.terminal import tell

# In this order, glyph by glyph, for what DejaVu Sans lacks: free ones, then those of Windows and macOS. The Japanese
# face comes late: older matplotlib sees nothing but the first face of a file, and that is it.
CHINESE_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei"),
    *("Microsoft YaHei", "SimHei", "PingFang SC", "Hiragino Sans GB", "Heiti TC"),
    *("Noto Sans CJK JP", "Droid Sans Fallback"),
)
# How the names of their files begin, without hyphens.
_FILES = (
    *("notosanscjk", "notosanssc", "sourcehansans", "wqymicrohei", "wqyzenhei", "msyh", "simhei", "pingfang"),
    *("hiragino sans gb", "stheiti", "droidsansfallback"),
)
_INSTALLERS = {  # by the program that installs
    "apt-get": "apt-get install fonts-noto-cjk",
    "dnf": "dnf install google-noto-sans-cjk-fonts",
    "pacman": "pacman -S noto-fonts-cjk",
    "apk": "apk add font-noto-cjk",
    "zypper": "zypper install noto-sans-sc-fonts",
}


def chinese_fonts() -> list[str]:
    """List the fonts of `CHINESE_FONTS` that this machine has; without one Chinese is not drawable.

    >>> set(chinese_fonts()) <= set(CHINESE_FONTS)
    True
    """
    return _listed() or (_listed() if _added() else [])


def _listed() -> list[str]:
    installed = {font.name for font in fontManager.ttflist}
    return [name for name in CHINESE_FONTS if name in installed]


@cache
def _added() -> bool:
    """Add the system's Chinese fonts to matplotlib's list; say whether there are any."""
    found = False
    for path in sorted(findSystemFonts()):
        if Path(path).name.casefold().replace("-", "").startswith(_FILES):
            try:
                fontManager.addfont(path)
                found = True
            except (OSError, RuntimeError):  # damaged, or of a kind that matplotlib cannot read
                continue
    return found


def drawable(language: str | None) -> Language:
    """Return the language in which a picture can be written: the one `languages.chosen`, or English for want of a font.

    A box in place of a character says nothing. That there is no font, and what to install, is said once on standard
    error.

    Raises:
        InputError: another language than `languages.LANGUAGES`.

    >>> drawable("en")
    'en'
    """
    asked = chosen(language)
    if asked == "zh" and not chinese_fonts():
        _tell()
        return "en"
    return asked


def picture_words(language: str | None, *tables: str) -> Words:
    """Return the words that pictures say by themselves, in the language that is `drawable`; `tables` go before.

    >>> picture_words("en")("outside", count=3)
    '3 outside'
    """
    return Words(drawable(language), "figures", *tables)


@cache
def _tell() -> None:
    if parent_process() is None:  # a worker leaves it to who started it
        note = "the words in pictures are English: this machine has no Chinese font that matplotlib can draw with"
        tell(f"ganatomy: {note}; {_advice()}")


def _advice() -> str:
    if sys.platform == "win32":
        return "add Chinese (Simplified) under Settings, Time & language, Language, which brings Microsoft YaHei"
    if sys.platform == "darwin":
        return "brew install --cask font-noto-sans-cjk-sc"
    known = (command for program, command in _INSTALLERS.items() if shutil.which(program))
    return f"to have one: {next(known, _INSTALLERS['apt-get'])}"
