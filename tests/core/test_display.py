"""Numbers are shown with the digits their error allows, and HTML escapes what it shows."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurogeom._core import html
from neurogeom._core.display import decimals_for, format_estimate, format_interval, format_number
from neurogeom._core.progress import progress


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1.0, "1.000"), (-0.5, "-0.5000"), (1e-9, "1.000e-09"), (1e9, "1.000e+09"), (True, "yes"), ("a", "a")],
)
def test_numbers_have_four_digits(value: object, text: str) -> None:
    assert format_number(value) == text


@given(st.floats(1e-6, 1e3))
def test_an_error_is_shown_with_two_digits_where_it_is_below_ten(error: float) -> None:
    decimals = decimals_for(error)
    assert decimals is not None
    assert decimals == 0 or abs(float(f"{error:.{decimals}f}") - error) <= 0.06 * error


@pytest.mark.parametrize(
    ("value", "error", "interval", "text"),
    [
        (0.4118, 0.0123, None, "0.412 ± 0.012 (MC error)"),
        (0.4118, None, (0.38, 0.44), "0.412 [95 % CI 0.380, 0.440]"),
        (float("nan"), float("nan"), (float("nan"), float("nan")), "not defined"),
        (float("inf"), None, (0.5, float("inf")), "∞ [95 % CI 0.5000, ∞]"),
        (0.5, 0.0, None, "0.5000 ± 0 (MC error)"),
        (3, None, None, "3"),
    ],
)
def test_an_estimate_shows_what_is_known(value: float, error: float, interval: tuple, text: str) -> None:
    assert f"{format_estimate(value, error, interval)} {format_interval(error, interval)}".strip() == text


class Reader(HTMLParser):
    """Collects text and refuses tags that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.texts: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.stack.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@given(st.text(max_size=30))
def test_any_text_comes_back_as_text_and_never_as_tags(text: str) -> None:
    body = html.table([[text]], [text]) + html.notes([text]) + html.details(text, html.escape(text))
    reader = Reader()
    reader.feed(html.card(text, body))
    reader.close()
    assert not reader.stack
    assert reader.tags <= {"div", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"}
    assert "".join(reader.texts).replace("\r", "\n").count(text.replace("\r", "\n")) >= (6 if text.strip() else 0)


def test_a_table_without_header_has_none() -> None:
    assert "<thead>" not in html.table([[1, 2]])


def test_progress_changes_nothing(capsys: pytest.CaptureFixture) -> None:
    assert list(progress(range(3))) == list(progress(range(3), total=3, description="units", enabled=True))
    assert "units" in capsys.readouterr().err
