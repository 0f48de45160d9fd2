"""Prints tables in Markdown, so that a figure can be copied into a document as it is."""

from collections.abc import Sequence
from statistics import median


def print_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table with its columns aligned."""
    widths = [max(len(row[n]) for row in (heads, *rows)) for n in range(len(heads))]
    print(f"\n{title}\n")
    for row in (heads, ["-" * width for width in widths], *rows):
        cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        print(f"| {' | '.join(cells)} |", flush=True)


def seconds(values: Sequence[float]) -> str:
    """Median and worst of some times."""
    if not values:
        return "-"
    return f"{span(median(values))} / {span(max(values))}"


def span(value_s: float) -> str:
    """A time with three digits and its unit."""
    return f"{value_s * 1e3:.3g} ms" if value_s < 1 else f"{value_s:.3g} s"


def percents(ratios: Sequence[float]) -> str:
    """Median and worst of some shares, in percent."""
    return f"{100 * median(ratios):.3g} / {100 * max(ratios):.3g} %" if ratios else "-"
