"""A report is one file that needs nothing else, escapes what it is given, and can be read without its pictures."""

from __future__ import annotations

import base64
import datetime
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neurogeom import plotting, report
from neurogeom.report.figures import Image
from neurogeom.results import Result, concat, make_settings

DATE = datetime.date(2026, 1, 2)
VOID = {"meta", "img", "br", "link", "hr", "input"}


class Page(HTMLParser):
    """Tags, attributes and text of a page, and whether its tags are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def attributes(self, tag: str, name: str) -> list[str | None]:
        return [attrs.get(name) for found, attrs in self.tags if found == tag]


def line_figure(n: int = 2) -> report.Figure:
    figure, axes = plotting.new_figure()
    plotting.line(np.arange(n), np.arange(n, dtype=float), ax=axes[0, 0])
    return report.Figure(figure, "Bars: 95 % interval.", "A rising line.")


def full_page() -> str:
    frame = pd.DataFrame({"α": [0.5, np.nan], "n": [3, 4]}, index=pd.Index(["conv1", "conv2"], name="layer"))
    blocks = [
        report.Text("One.\n\nTwo."),
        line_figure(),
        report.Table(frame, "Numbers.", {"α": 2}),
        report.Facts({"seed": 0, "versions": {"numpy": "2.0"}}),
        report.Notes(["near the floor", "near the floor"]),
        report.Code("import neurogeom as ng"),
    ]
    return report.render(
        "A title", [report.Section("Same name", blocks), report.Section("Same name", blocks)], date=DATE
    )


def test_page_is_well_formed_and_every_block_is_there() -> None:
    page = Page(full_page())
    assert page.open == []
    for tag in ("p", "figure", "table", "dl", "ul", "pre", "nav", "main"):
        assert tag in dict(page.tags)
    assert "".join(page.words).count("near the floor") == 2  # once per section, not once per warning


def test_page_needs_no_network_and_runs_no_script() -> None:
    text = full_page()
    page = Page(text)
    assert all(source.startswith("data:image/") for source in page.attributes("img", "src") if source)
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert not re.search(r"url\(|@import|https?://", text)
    assert "default-src 'none'" in text


def test_links_lead_to_sections_that_exist_once() -> None:
    page = Page(full_page())
    anchors = [name for name in page.attributes("section", "id") if name]
    assert [f"#{name}" for name in anchors] == page.attributes("a", "href")
    assert len(set(anchors)) == len(anchors) == 2


def test_figures_and_tables_are_numbered_through_the_page() -> None:
    text = full_page()
    assert re.findall(r"<b>((?:Figure|Table) \d)\.</b>", text) == ["Figure 1", "Table 1", "Figure 2", "Table 2"]


def test_what_is_given_is_text_never_markup() -> None:
    evil = "<script>alert(1)</script>\"'"
    frame = pd.DataFrame({evil: [evil]}, index=[evil])
    figure = plotting.new_figure()[0]
    blocks = [
        report.Text(evil),
        report.Figure(figure, evil, evil),
        report.Table(frame, evil),
        report.Facts({evil: evil}),
        report.Notes([evil]),
        report.Code(evil),
    ]
    page = Page(report.render(evil, [report.Section(evil, blocks)], subtitle=evil))
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.attributes("img", "alt") == [evil]


def test_every_figure_says_what_it_shows_to_those_who_cannot_see_it() -> None:
    assert all(Page(full_page()).attributes("img", "alt"))
    with pytest.raises(ValueError, match="alt is empty"):
        report.Figure(plotting.new_figure()[0], "caption", " ")


def test_same_report_has_same_bytes() -> None:
    assert full_page() == full_page()


def test_page_respects_dark_theme_and_print() -> None:
    text = full_page()
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert 'lang="en"' in text


@pytest.mark.parametrize(("n", "media_type"), [(5, "image/svg+xml"), (20_000, "image/png")])
def test_smaller_of_vector_and_pixels_is_taken(n: int, media_type: str) -> None:
    figure, axes = plotting.new_figure()
    x, y = np.random.default_rng(0).normal(size=(2, n))
    axes[0, 0].plot(x, y, ".")
    image = report.encode(figure)
    assert image.media_type == media_type
    assert base64.b64decode(image.uri.partition("base64,")[2]) == image.data


def test_axes_and_arrays_of_axes_stand_for_their_figure() -> None:
    figure, axes = plotting.new_figure(n_columns=2)
    images = [report.encode(item) for item in (figure, axes[0, 0], axes)]
    assert all(isinstance(image, Image) and image.data == images[0].data for image in images)


def test_figure_of_a_wrong_kind_is_refused() -> None:
    with pytest.raises(TypeError, match="Figure, Axes"):
        report.encode(np.zeros(3))


def test_missing_numbers_are_dashes_and_numbers_stand_right() -> None:
    frame = pd.DataFrame({"x": [0.123456, np.nan], "name": ["a", None]})
    table = report.Table(frame, decimals={"x": 2})
    assert table.rows == [["0", "0.12", "a"], ["1", "–", "–"]]
    assert table.numeric == [False, True, False]


def test_written_file_is_whole_and_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    for text in ("first", "second"):
        report.build("T", [report.Section("S", [report.Text(text)])], path)
    assert "second" in path.read_text(encoding="utf-8")
    assert [entry.name for entry in path.parent.iterdir()] == ["report.html"]


def test_report_above_five_megabytes_is_refused_and_the_old_one_kept(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    report.build("T", [report.Section("S", [report.Text("old")])], path)
    with pytest.raises(ValueError, match="limit is 5 MB"):
        report.build("T", [report.Section("S", [report.Code("x" * 6_000_000)])], path)
    assert "old" in path.read_text(encoding="utf-8")


def test_report_without_sections_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one Section"):
        report.render("T", [])


def test_methods_name_seed_versions_and_each_reference_once() -> None:
    data = xr.Dataset({"capacity": 0.5})
    items = {
        name: Result(data, make_settings(seed=7, n_samples=9), references=("Cover (1965)",)) for name in ("one", "two")
    }
    section = report.methods_section(items, extra="Neurons were recorded.")
    texts = [block.text for block in section.blocks if block.kind == "text"]
    assert texts[0].startswith("Neurons were recorded.")
    assert "with seed 7" in texts[0]
    assert texts[1] == "[1] Cover (1965)"
    assert f"numpy {np.__version__}" in texts[2]
    (table,) = [block for block in section.blocks if block.kind == "table"]
    assert ["n_samples", "9", "9"] in table.rows


def test_warnings_say_which_result_they_are_of() -> None:
    item = Result(xr.Dataset({"capacity": 0.5}), warnings=("Near the floor.", "Few points: 3."))
    section = report.warnings_section({"glue": item}, extra=["conv1 was not computed"])
    assert section.blocks[0].distinct == ["conv1 was not computed", "glue: Near the floor. Few points: 3."]
    layers = concat([item, Result(xr.Dataset({"capacity": 0.6}))], layer=["conv1", "conv2"])
    section = report.warnings_section({"glue": layers})
    assert section.blocks[0].distinct == ["glue, conv1: Near the floor. Few points: 3."]
    assert "No warnings." in report.render("T", [report.warnings_section({})])
