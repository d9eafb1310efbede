"""Texts of figures in scripts that the fonts at hand may lack."""

import functools
import warnings

from matplotlib import font_manager
from matplotlib.text import Text

OWN = "DejaVu Sans"  # comes with matplotlib
FURTHER = (  # what systems have of Chinese, Japanese and Korean
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Source Han Sans",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "IPAGothic",
    "NanumGothic",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "PingFang SC",
    "Hiragino Sans",
    "Apple SD Gothic Neo",
    "Arial Unicode MS",
)


def numbered(figure):
    """Puts numbers in place of those texts of a figure that no font at hand can write.

    Args:
        figure: matplotlib Figure, which is changed.

    Returns:
        Dict from each number, such as `"[1]"`, to the text; empty where all can be written.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")
        figure.draw_without_rendering()  # which writes the labels of ticks
    artists = figure.findobj(Text)
    written = {character for own in artists for character in own.get_text()}
    if not written - _characters(OWN) - {"\n"}:
        return {}
    families = [OWN, *(family for family in FURTHER if _characters(family))]
    known = set("\n").union(*map(_characters, families))
    numbers = {}

    def shown(text):
        return text if known.issuperset(text) else numbers.setdefault(text, f"[{len(numbers) + 1}]")

    for own in artists:
        own.set_fontfamily(families)
        own.set_text(shown(own.get_text()))
    for axis in (axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)):
        if not all(known.issuperset(own.get_text()) for own in axis.get_ticklabels()):
            label = axis.get_major_formatter()  # it writes them anew whenever they are looked at
            axis.set_major_formatter(lambda x, place, label=label: shown(label(x, place)))
    return {number: text for text, number in numbers.items()}


@functools.cache
def _characters(family):
    """What a font can write; nothing if it is not there."""
    try:
        path = font_manager.findfont(family, fallback_to_default=False)
    except ValueError:
        return frozenset()
    return frozenset(map(chr, font_manager.get_font(path).get_charmap()))
