"""Laws of the mosaic: published curves, regularity, coverage, receptive fields, identity."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

from neurogeom import retina
from neurogeom.retina import FieldShape, Mosaic, regularity_index, repulsive_positions


@pytest.fixture(scope="module")
def paper() -> Mosaic:
    return Mosaic.parthasarathy2017(seed=0)


def test_the_paper_has_its_numbers_of_cells(paper: Mosaic) -> None:
    assert [int((paper.cell_type == name).sum()) for name in paper.types] == [676, 1024, 1849, 1849]
    assert paper.shape == (128, 128)
    assert ((paper.positions >= 0) & (paper.positions < 128)).all()


def test_two_percent_of_the_dense_matrix_is_kept(paper: Mosaic) -> None:
    assert abs(paper.filters.nnz / 1.83e6 - 1) < 0.05


def test_mosaics_are_as_regular_as_published(paper: Mosaic) -> None:
    summary = paper.summary()
    assert summary["regularity"].between(4.0, 8.0).all()
    for name in paper.types:
        places = paper.positions[paper.cell_type == name]
        spacing = np.sqrt(128 * 128 / len(places))
        assert abs(summary.loc[name, "nearest_px"] / spacing - 0.84) < 0.04


@pytest.mark.parametrize(("n_steps", "jitter", "expected"), [(1, 0.0, 3.8), (5, 0.10, 5.2), (20, 0.15, 4.9)])
def test_regularity_follows_steps_and_jitter(n_steps: int, jitter: float, expected: float) -> None:
    found = [
        regularity_index(repulsive_positions(900, (60.0, 60.0), n_steps=n_steps, jitter=jitter, seed=seed), (60, 60))
        for seed in range(3)
    ]
    assert abs(np.mean(found) / expected - 1) < 0.12


def test_random_cells_have_the_regularity_of_poisson_points(rng: np.random.Generator) -> None:
    found = [regularity_index(rng.random((1500, 2)), (1.0, 1.0)) for _ in range(8)]
    assert abs(np.mean(found) - 1.91) < 0.06
    places = repulsive_positions(900, (60.0, 60.0), seed=0)
    assert regularity_index(places, (60.0, 60.0)) > 1.91 + 3 * np.std(found, ddof=1)


def test_border_cells_are_left_out_of_regularity() -> None:
    """A lattice whose border row lacks neighbors on one side: only the middle counts."""
    places = repulsive_positions(400, (40.0, 40.0), seed=1)
    nearest = retina.nearest_distances(places)
    inner = np.minimum(places, 40.0 - places).min(axis=1) > nearest
    assert 0 < (~inner).sum() < 200
    by_hand = nearest[inner].mean() / nearest[inner].std(ddof=1)
    assert abs(regularity_index(places, (40.0, 40.0)) - by_hand) < 1e-12


def test_cells_cover_the_patch_evenly(paper: Mosaic) -> None:
    for name in paper.types:
        inner = paper.coverage(name)[16:-16, 16:-16]
        assert 0.95 < inner.mean() < 1.2
        assert inner.std() / inner.mean() <= 0.28
        halves = paper.positions[paper.cell_type == name] < 64
        assert np.all(np.abs(halves.mean(axis=0) - 0.5) < 0.05)


@pytest.mark.parametrize(("fraction", "mean", "cv"), [(0.4, 0.69, 0.37), (0.6, 1.54, 0.18), (0.75, 2.4, 0.14)])
def test_coverage_grows_with_the_size_of_fields(fraction: float, mean: float, cv: float) -> None:
    mosaic = Mosaic.from_counts(
        {"off_midget": 460}, (64, 64), field_shape=FieldShape(spacing_fraction=fraction), seed=0
    )
    inner = mosaic.coverage("off_midget")[8:-8, 8:-8]
    assert abs(inner.mean() / mean - 1) < 0.08
    assert abs(inner.std() / inner.mean() / cv - 1) < 0.25


def test_on_and_off_mosaics_are_independent(paper: Mosaic, rng: np.random.Generator) -> None:
    for kind, expected in (("parasol", 1.965), ("midget", 1.186)):
        on, off = (paper.positions[paper.cell_type == f"{sign}_{kind}"] for sign in ("on", "off"))
        inner = ((off > 8) & (off < 120)).all(axis=1)
        tree = cKDTree(on)
        from_cells, from_anywhere = (
            tree.query(off[inner])[0].mean(),
            tree.query(rng.uniform(8, 120, (9000, 2)))[0].mean(),
        )
        assert abs(from_cells / from_anywhere - 1) < 0.05
        assert abs(from_cells / expected - 1) < 0.06
    with pytest.raises(ValueError, match="cross_type='random'"):
        Mosaic.from_counts({"on_midget": 16}, (16, 16), cross_type="random")


def test_fields_are_differences_of_unit_volume_gaussians(paper: Mosaic) -> None:
    middle = np.flatnonzero((np.abs(paper.positions - 64) < 30).all(axis=1))
    volumes = np.asarray(paper.filters[middle].sum(axis=1)) * paper.signs[middle]
    # 1 − v, but for the part of the surround beyond 3 σ, e^(−4.5) of it, and for sampling at pixels
    assert np.abs(volumes - (1 - 0.6 * (1 - np.exp(-4.5)))).max() < 0.02
    cell = int(middle[0])
    field = paper.filters[[cell]].toarray().reshape(128, 128) * paper.signs[cell]
    y, x = np.mgrid[:128, :128] + 0.5
    major, minor, angle = paper.ellipses[cell]
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    covariance = turn.T @ np.diag([major**2, minor**2]) @ turn
    offset = np.stack([x - paper.positions[cell, 1], y - paper.positions[cell, 0]], axis=-1)
    squared = np.einsum("...i,ij,...j", offset, np.linalg.inv(covariance), offset)
    peak = 1 / (2 * np.pi * np.sqrt(np.linalg.det(covariance)))
    expected = peak * (np.exp(-squared / 2) - 0.6 / 6.25 * np.exp(-squared / 12.5)) * (squared <= 7.5**2)
    np.testing.assert_allclose(field, expected, atol=1e-12)


def test_border_fields_are_truncated_not_renormalized() -> None:
    args = (["on_midget"], [[1.5, 1.5, 0.0]])
    inside = Mosaic([[16.0, 16.0]], *args, (32, 32)).filters.toarray().reshape(32, 32)
    border = Mosaic([[0.0, 16.0]], *args, (32, 32)).filters.toarray().reshape(32, 32)
    np.testing.assert_allclose(border[:12], inside[16:28], atol=1e-15)


def test_eccentricity_sets_density_and_size() -> None:
    near = Mosaic.at_eccentricity(3.0, (48, 48), pixel_size=8.0, n_steps=2)
    far = Mosaic.at_eccentricity(6.0, (96, 96), pixel_size=8.0, n_steps=2)
    area = (48 * 8e-3) ** 2
    assert abs(near.n_cells / (0.9 * retina.cell_density(3.0) * area) - 1) < 0.01
    spacing = {m: m.summary().loc["on_midget", "nearest_px"] for m in (near, far)}
    ratio = np.sqrt(retina.cell_density(3.0) / retina.cell_density(6.0))
    assert abs(spacing[far] / spacing[near] / ratio - 1) < 0.1
    np.testing.assert_allclose(near.positions_in("deg") * 0.2, near.positions_in("mm"))
    np.testing.assert_allclose(near.positions_in("um"), near.positions * 8.0)


@pytest.mark.parametrize(("e", "parasol", "midget"), [(3, 97, 20), (5, 153, 39), (9, 260, 101)])
def test_dendrites_have_the_published_diameters(e: float, parasol: float, midget: float) -> None:
    assert round(retina.dendritic_diameter(e, cell="parasol")) == parasol
    assert abs(retina.dendritic_diameter(e, cell="midget") - midget) < 0.6


def test_density_follows_the_digitized_points(data_dir: Path) -> None:
    points = np.load(data_dir / "primate_retina" / "Perry_1984_Neurosci_GCdensity_Fig8_c.npz")
    pairs = zip(points["Xdata"].ravel(), points["Ydata"].ravel())
    residual = [np.log(density / np.exp(11.0781 - 0.7063 * e + 0.02110 * e**2)) for e, density in pairs]
    assert len(residual) == 26
    assert abs(np.sqrt(np.mean(np.square(residual))) - 0.141) < 0.001
    assert abs(retina.cell_density(4.0) / np.exp(11.0781 - 0.7063 * 4 + 0.02110 * 16) - 1) < 1e-12


def test_bad_places_are_refused() -> None:
    with pytest.raises(ValueError, match="foveal pit"):
        Mosaic.at_eccentricity(0.5, (32, 32), pixel_size=8.0)
    with pytest.raises(ValueError, match="beyond the data"):
        retina.cell_density(40.0)
    with pytest.raises(ValueError, match="outside the patch"):
        Mosaic([[5.0, 40.0]], ["on_midget"], [[1.0, 1.0, 0.0]], (32, 32))
    with pytest.raises(ValueError, match="Are x and y swapped"):
        Mosaic([[5.0, 40.0]], ["on_midget"], [[1.0, 1.0, 0.0]], (48, 32))
    with pytest.raises(ValueError, match="pixel_size=µm"):
        Mosaic([[5.0, 4.0]], ["on_midget"], [[1.0, 1.0, 0.0]], (48, 32)).positions_in("mm")
    with pytest.raises(ValueError, match="Use a larger patch"):
        Mosaic.at_eccentricity(9.0, (8, 8), pixel_size=8.0)
    with pytest.raises(ValueError, match="Did you mean 'on_midget'"):
        Mosaic.from_counts({"on-midget": 10}, (8, 8))


def test_the_fingerprint_is_of_cells_fields_and_window() -> None:
    def make(**options: object) -> Mosaic:
        return Mosaic.from_counts({"on_midget": 16}, (16, 16), n_steps=1, **options)  # type: ignore[arg-type]

    prints = {
        make(seed=0).fingerprint(),
        make(seed=1).fingerprint(),
        make(seed=0, window_ms=50.0).fingerprint(),
        make(seed=0, field_shape=FieldShape(surround_weight=0.5)).fingerprint(),
        make(seed=0).select(np.arange(15)).fingerprint(),
    }
    assert len(prints) == 5
    assert make(seed=0).fingerprint() in prints


def test_some_types_are_the_same_cells(paper: Mosaic) -> None:
    part = paper.select(["on_parasol"])
    assert part.n_cells == 676
    np.testing.assert_array_equal(part.filters.toarray(), paper.filters[:676].toarray())


def test_the_mosaic_is_drawn_with_all_cells() -> None:
    mosaic = Mosaic.from_counts({"on_midget": 16, "off_parasol": 9}, (16, 16), n_steps=1)
    ax = mosaic.plot(image=np.zeros((16, 16)), counts=np.arange(25))
    assert sum(len(c.get_offsets()) for c in ax.collections) == 25
