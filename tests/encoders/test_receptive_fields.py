"""Receptive fields: the closed form, and what gradients show that a unit sees."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from neurogeom import encoders
from neurogeom.encoders.receptive_fields import trace_fields
from neurogeom.encoders.resnet_network import Bottleneck, SameConv
from tests.encoders.networks import seeded

step = st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2))


def seen_by(module, size, row):
    """First and last pixel of a row that the unit in the middle of a map depends on, by its gradient."""
    x = torch.rand(1, 1, 1, size, dtype=torch.float64, requires_grad=True)
    out = module.double()(x)
    out[0, :, 0, row].sum().backward()
    touched = np.flatnonzero(x.grad[0, 0, 0].numpy())
    return touched[0], touched[-1]


@settings(max_examples=40)
@given(st.lists(step, min_size=1, max_size=3))
def test_the_formula_is_what_gradients_show(chain):
    chain = [(k, s, min(p, (k - 1) * d), d) for k, s, p, d in chain]
    center, size, stride = encoders.receptive_field(chain)
    convolutions = [nn.Conv2d(1, 1, (1, k), (1, s), (0, p), (1, d), bias=False) for k, s, p, d in chain]
    module = nn.Sequential(*convolutions)
    for part in convolutions:
        nn.init.ones_(part.weight)
    length = int(size + 20 * stride)
    with torch.no_grad():
        n_out = module(torch.zeros(1, 1, 1, length)).shape[-1]
    index = n_out // 2
    middle = center + index * stride
    first, last = seen_by(module, length, index)
    expected = (middle - size / 2, middle + size / 2 - 1)
    if expected[0] >= 0 and expected[1] < length:
        assert (first, last) == pytest.approx(expected)


def test_fields_are_followed_through_branches_padding_and_pooling():
    module = nn.Sequential(SameConv(3, 4, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1), Bottleneck(4, 8, 1, shortcut=True))
    fields = trace_fields(module.eval(), torch.zeros(1, 3, 32, 32), ["0", "1", "2", "3"])
    sizes = {name: field.size for name, (_, field) in fields.items()}
    assert sizes == {"0": 7.0, "1": 7.0, "2": 11.0, "3": 19.0}
    assert fields["0"][1].center == 0.5 + 3 - 2  # two of the five zeros of SAME padding stand before
    assert fields["3"][1].stride == 4.0


def test_what_sees_everything_has_no_field():
    class Excited(nn.Module):
        """Multiplies maps by a number that depends on all of them."""

        def __init__(self):
            super().__init__()
            self.conv, self.scaled = nn.Conv2d(3, 3, 3), nn.Identity()

        def forward(self, x):
            y = self.conv(x)
            return self.scaled(y * y.mean(dim=(2, 3), keepdim=True))

    assert set(trace_fields(Excited(), torch.zeros(1, 3, 8, 8), ["conv", "scaled"])) == {"conv"}


def test_the_table_of_layers_shows_fields():
    module = seeded(lambda: nn.Sequential(nn.Conv2d(3, 4, 5, 2, 2), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 64, 3)))
    table = encoders.as_encoder(module, preprocess=encoders.Preprocess(resize=16)).layers()
    assert table["receptive_field"].tolist()[:2] == [5.0, 5.0]
    assert np.isnan(table["receptive_field"].values[2:]).all()
    with pytest.raises(ValueError, match="needed are"):
        encoders.receptive_field([(3, 1)])
