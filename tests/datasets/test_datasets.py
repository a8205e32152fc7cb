"""Data sets: cards that are complete, files that are found and checked, and geometry that is exact."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from scipy.io import loadmat
from sklearn.datasets import load_digits

from neurogeom import datasets, recordings
from neurogeom.datasets import catalog, files, loaders

REQUIRED = {"name", "title", "description", "kind", "license", "citation", "source", "parts", "reader", "files"}


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """No data on this machine, and nothing fetched."""
    monkeypatch.delenv("NEUROGEOM_DATA", raising=False)
    monkeypatch.setenv("NEUROGEOM_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def with_data(monkeypatch, data_dir):
    if not (data_dir / "kriegeskorte2008").is_dir():
        pytest.skip("kriegeskorte2008 is not in NEUROGEOM_DATA")
    monkeypatch.setenv("NEUROGEOM_DATA", str(data_dir))
    return data_dir


# ------------------------------------------------------------------ cards


@pytest.mark.parametrize("path", sorted(catalog.FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_every_card_is_complete(path):
    content = json.loads(path.read_text(encoding="utf-8"))
    assert set(content) >= REQUIRED
    assert content["name"] == path.stem
    assert content["parts"] and all(isinstance(size, int) for size in content["sizes"].values())
    for file in content["files"]:
        assert len(file["sha256"]) == 64 and int(file["sha256"], 16) >= 0
        assert file["bytes"] > 0
        assert file.get("url", "https://").startswith("https://")


def test_every_card_has_its_reader_and_every_reader_a_card():
    readers = {card.reader for card in datasets.cards().values()} - {None}
    assert readers == set(loaders.READERS)


def test_cards_show_what_a_person_needs_to_know():
    card = datasets.card("kriegeskorte2008")
    shown, page = repr(card), card._repr_html_()
    for part in ("Macaca mulatta", "92 presentation", "MIT", "Neuron 60", "human_it", "Kriegeskorte_Neuron2008"):
        assert part in shown and part in page


def test_unknown_names_and_parts_are_answered_with_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'kriegeskorte2008'"):
        datasets.load("kriegeskorte")
    with pytest.raises(ValueError, match="Did you mean 'images'"):
        datasets.load("digits", part="image")


# ------------------------------------------------------------------ digits


def test_digits_are_scikit_learns_in_unit_range():
    responses, peer = datasets.load("digits"), load_digits()
    np.testing.assert_array_equal(responses.values * 16, peer.data)
    np.testing.assert_array_equal(responses["digit"].values, peer.target)
    assert len(set(responses["stimulus_id"].values)) == 1797
    image = responses.isel(presentation=3).values[responses["y"].values * 8 + responses["x"].values].reshape(8, 8)
    np.testing.assert_array_equal(image * 16, peer.images[3])
    assert "CC-BY" in responses.attrs["license"] and "Alpaydin" in responses.attrs["citation"]


# ------------------------------------------------------------------ finding files


def test_missing_files_say_where_to_get_them_and_where_to_put_them(nowhere):
    with pytest.raises(FileNotFoundError) as caught:
        datasets.load("kriegeskorte2008", download=False)
    message = str(caught.value)
    for part in ("Kriegeskorte_Neuron2008", "3.6 MB", "MIT", "https://", str(nowhere), "NEUROGEOM_DATA"):
        assert part in message


def test_files_are_looked_for_in_the_given_folder_and_below_it(nowhere, monkeypatch):
    content = b"spikes"
    file = catalog.CardFile("a.mat", len(content), hashlib.sha256(content).hexdigest())
    card = catalog.Card("set", "t", "d", "k", "l", "c", "s", "r", files=(file,))
    for folder in (nowhere / "given" / "set", nowhere / "given2", nowhere / "cache" / "datasets" / "set"):
        folder.mkdir(parents=True)
        (folder / "a.mat").write_bytes(content)
        monkeypatch.setenv("NEUROGEOM_DATA", str(nowhere / "given2" if folder.name == "given2" else nowhere / "given"))
        if folder.name == "set" and "cache" in folder.parts:
            monkeypatch.delenv("NEUROGEOM_DATA")
        assert files.find_file(card, "a.mat") == folder / "a.mat"


def test_a_file_with_another_content_is_refused(nowhere, monkeypatch):
    folder = nowhere / "kriegeskorte2008"
    folder.mkdir()
    (folder / "Kriegeskorte_Neuron2008_supplementalData.mat").write_bytes(b"something else")
    monkeypatch.setenv("NEUROGEOM_DATA", str(nowhere))
    with pytest.raises(ValueError, match=r"14 bytes and SHA-256 .*Delete it"):
        datasets.load("kriegeskorte2008")


def fake_pooch(monkeypatch, content):
    """Stands in for the network: every address gives this content, or an error."""
    import pooch

    def retrieve(url, known_hash, fname, path):
        if content is None:
            raise ConnectionError("no route to host")
        path.mkdir(parents=True, exist_ok=True)
        if hashlib.sha256(content).hexdigest() != known_hash.removeprefix("sha256:"):
            raise ValueError("SHA256 hash of downloaded file does not match the known hash")
        (path / fname).write_bytes(content)
        return str(path / fname)

    monkeypatch.setattr(pooch, "retrieve", retrieve)


def test_a_download_goes_to_the_cache_and_is_checked(nowhere, monkeypatch):
    content = b"spikes"
    file = catalog.CardFile("a.mat", 6, hashlib.sha256(content).hexdigest(), "https://example.org/a.mat")
    card = catalog.Card("set", "t", "d", "k", "l", "c", "s", "r", files=(file,))
    fake_pooch(monkeypatch, content)
    path = files.find_file(card, "a.mat", download=True)
    assert path == nowhere / "cache" / "datasets" / "set" / "a.mat"
    fake_pooch(monkeypatch, None)
    assert files.find_file(card, "a.mat", download=True) == path


@pytest.mark.parametrize(("content", "reason"), [(None, "no route to host"), (b"altered", "hash")])
def test_a_failed_download_says_how_to_get_the_file(nowhere, monkeypatch, content, reason):
    fake_pooch(monkeypatch, content)
    with pytest.raises(FileNotFoundError, match=rf"Get it from https://.*The download failed: .*{reason}"):
        datasets.fetch("kriegeskorte2008")


def test_data_that_come_with_a_package_need_no_fetching(nowhere):
    assert datasets.fetch("digits") == []


# ------------------------------------------------------------------ Kriegeskorte et al. 2008


def test_squareform_is_row_by_row():
    expected = [[0, 1, 2, 3], [1, 0, 4, 5], [2, 4, 0, 6], [3, 5, 6, 0]]
    np.testing.assert_array_equal(loaders.squareform(np.arange(1, 7)), expected)


def test_the_factor_of_real_patterns_has_their_geometry(rng):
    patterns = rng.normal(size=(8, 30))
    z = (patterns - patterns.mean(axis=1, keepdims=True)) / patterns.std(axis=1, keepdims=True) / np.sqrt(30)
    factor = loaders.correlation_factor(1 - np.corrcoef(patterns))
    np.testing.assert_allclose(factor @ factor.T, z @ z.T, atol=1e-12)


def test_dissimilarities_of_no_patterns_are_refused():
    with pytest.raises(ValueError, match="negative eigenvalue"):
        loaders.correlation_factor(loaders.squareform(np.array([0.0, 0.0, 2.0])))


@pytest.mark.parametrize(("part", "index", "smallest"), [("macaque_it", 0, 0.181), ("human_it", 1, None)])
def test_the_geometry_of_it_gives_back_every_dissimilarity(with_data, part, index, smallest):
    responses = datasets.load("kriegeskorte2008", part=part)
    path = with_data / "kriegeskorte2008" / "Kriegeskorte_Neuron2008_supplementalData.mat"
    stored = loadmat(path, simplify_cells=True)["RDMs_mIT_hIT_fig1"][index]["RDM"]
    gram = responses.values @ responses.values.T
    np.testing.assert_allclose(1 - gram[np.triu_indices(92, 1)], stored, atol=1e-12)
    np.testing.assert_allclose(np.diag(gram), 1, atol=1e-12)
    if smallest is not None:
        assert np.linalg.eigvalsh(gram)[0] == pytest.approx(smallest, abs=5e-4)


def test_four_categories_partition_the_images(with_data):
    responses = datasets.load("kriegeskorte2008")
    names, counts = np.unique(responses["category"].values.astype(str), return_counts=True)
    assert dict(zip(names, counts)) == {"face": 24, "body": 24, "natObj": 23, "artiObj": 21}
    assert int(responses["animate"].sum()) == 48
    assert set(responses["category"].values[responses["animate"].values]) == {"face", "body"}


def test_faces_are_closer_to_faces_in_both_species(with_data):
    for part in ("macaque_it", "human_it"):
        responses = datasets.load("kriegeskorte2008", part=part)
        gram = responses.values @ responses.values.T
        face = responses["category"].values == "face"
        within = gram[np.ix_(face, face)][np.triu_indices(24, 1)].mean()
        assert within > gram[np.ix_(face, ~face)].mean() + 0.1


def test_images_and_people_come_in_the_order_of_the_responses(with_data):
    images = datasets.load("kriegeskorte2008", part="images")
    assert images.shape == (92, 175, 175, 3)
    assert float(images.min()) >= 0 and float(images.max()) <= 1
    assert images["category"].values.tolist() == datasets.load("kriegeskorte2008")["category"].values.tolist()
    people = datasets.load("kriegeskorte2008", part="people")
    assert people.sizes == {"person": 4, "session": 2, "pair": 4186}
    between_sessions = [np.corrcoef(one.values)[0, 1] for one in people]
    assert min(between_sessions) > 0.05


# ------------------------------------------------------------------ data sets of a user, and those without responses


def test_large_sets_are_read_from_the_file_that_a_person_has(nowhere, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"Brain-Score.*put the file into .*majajhong2015.*recordings.load"):
        datasets.load("majajhong2015")
    folder = nowhere / "majajhong2015"
    folder.mkdir()
    monkeypatch.setenv("NEUROGEOM_DATA", str(nowhere))
    responses = recordings.synthetic_population(seed=0).responses
    recordings.save(folder / "assembly.nc", responses)
    loaded = datasets.load("majajhong2015")
    np.testing.assert_array_equal(loaded.values, responses.values)
    assert "Majaj" in loaded.attrs["citation"]
    recordings.save(folder / "other.nc", responses)
    with pytest.raises(ValueError, match="several files"):
        datasets.load("majajhong2015")


def test_sets_without_responses_say_where_their_files_are(data_dir, monkeypatch):
    with pytest.raises(ValueError, match=r"behavior.*behavior.read_trials.*datasets.fetch\('geirhos2021'\)"):
        datasets.load("geirhos2021")
    if not (data_dir / "geirhos2021").is_dir():
        pytest.skip("geirhos2021 is not in NEUROGEOM_DATA")
    monkeypatch.setenv("NEUROGEOM_DATA", str(data_dir))
    paths = datasets.fetch("geirhos2021")
    assert len(paths) == len(datasets.card("geirhos2021").files) and all(path.is_file() for path in paths)


def test_samples_of_a_format_are_read_file_by_file(data_dir, monkeypatch):
    if not (data_dir / "brainio_samples").is_dir():
        pytest.skip("brainio_samples is not in NEUROGEOM_DATA")
    monkeypatch.setenv("NEUROGEOM_DATA", str(data_dir))
    assert datasets.load("brainio_samples").sizes == {"presentation": 6, "neuroid": 3}
    assert datasets.load("brainio_samples", part="alexnet-probabilities").shape == (240, 24)
    for name in ("nwb_samples", "denoiser_bias_free"):
        with pytest.raises(ValueError, match="holds no responses"):
            datasets.load(name)


@pytest.mark.parametrize(
    "name", ["brainio_samples", "denoiser_bias_free", "model_scores_elmoznino2024", "nwb_samples", "primate_retina"]
)
def test_every_file_of_a_card_is_the_one_it_describes(data_dir, monkeypatch, name):
    if not (data_dir / name).is_dir():
        pytest.skip(f"{name} is not in NEUROGEOM_DATA")
    monkeypatch.setenv("NEUROGEOM_DATA", str(data_dir))
    for path, file in zip(datasets.fetch(name), datasets.card(name).files, strict=True):
        assert path.stat().st_size == file.bytes


def test_published_scores_rise_with_effective_dimensionality(data_dir, monkeypatch):
    """The Spearman correlation over 536 layers that the README of the tables states."""
    if not (data_dir / "model_scores_elmoznino2024").is_dir():
        pytest.skip("model_scores_elmoznino2024 is not in NEUROGEOM_DATA")
    monkeypatch.setenv("NEUROGEOM_DATA", str(data_dir))
    paths = {path.name: path for path in datasets.fetch("model_scores_elmoznino2024")}
    tables = [
        pd.read_csv(next(path for name, path in paths.items() if name.startswith(start)), keep_default_na=False)
        for start in ("eigmetrics", "encoding_benchmark_dicarlo.MajajHong2015.IT")
    ]
    joined = tables[0].merge(tables[1], on=["layer", "architecture", "task", "kind", "source"])
    assert joined["kind"].value_counts().to_dict() == {"Supervised": 328, "Self-Supervised": 184, "Untrained": 24}
    found = joined["effective dimensionality"].corr(joined["score"], method="spearman")
    assert found == pytest.approx(0.5615, abs=5e-5)
