"""The words that a study's pictures say by themselves, in English and in Chinese.

The English text is the key. Titles, heads and notes are their caller's. Chinese is written where a font can draw it
(`style.chinese_fonts`), and English elsewhere, since a box says nothing.
"""

from collections.abc import Callable

from ganatomy.errors import unknown
from ganatomy.figures.style import chinese_fonts

LANGUAGES = ("en", "zh")

_CHINESE = {
    "held-out points": "留出的真实点",
    "generated points": "生成的点",
    "discriminator: light where it takes points for real; each panel has its own scale": (
        "判别器的值：越亮越被当作真实；每幅图各用自己的尺度"
    ),
    "discriminator: high where it takes points for real; each panel has its own scale": (
        "判别器的值：越高越被当作真实；每幅图各用自己的尺度"
    ),
    "not run": "未运行",
    "{count} outside": "{count} 个点在图外",
    "epoch {epoch}": "第 {epoch} 轮",
    "ended at epoch {epoch}": "止于第 {epoch} 轮",
    "epoch": "训练轮数",
    "seconds of training": "训练用时（秒）",
    "distance / floor": "距离 / 下限",
    "floor": "下限",
    "converged": "收敛",
    "diverged": "发散",
    "one seed": "单个种子",
    "line: median of {count} seeds": "线：{count} 个种子的中位数",
    "band: least to greatest": "带：最小到最大",
    "band: middle half": "带：中间一半",
    "distance / floor after training": "训练结束时的距离 / 下限",
    "median over seeds with {interval}": "各种子的中位数与 {interval}",
    "95 % bootstrap interval": "95 % 自助法置信区间",
}


def speaker(language: str) -> Callable[[str], str]:
    """Return the function that says an English text of this module in `language`.

    Raises:
        InputError: a language that is none of `LANGUAGES`.

    >>> speaker("en")("{count} outside").format(count=3)
    '3 outside'
    >>> speaker("zh")("epoch") == ("训练轮数" if chinese_fonts() else "epoch")
    True
    """
    if language not in LANGUAGES:
        raise unknown("language", language, LANGUAGES)
    chinese = language == "zh" and chinese_fonts()
    return lambda text: _CHINESE[text] if chinese else text
