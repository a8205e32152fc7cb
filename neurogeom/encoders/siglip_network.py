"""SigLIP 2 as modules: the vision tower for fixed sizes and for NaFlex, the text tower, and their meeting.

Layers have one set of names for all checkpoints: ``embeddings``, ``blocks.{i}``, ``blocks.{i}.attention``,
``blocks.{i}.mlp``, ``norm``, ``head``. This module imports torch and is loaded when a network is built.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

EPSILON = 1e-6


@dataclass(frozen=True)
class TowerSize:
    """Sizes of a tower.

    Attributes
    ----------
    width, depth, heads, mlp : int
    n_positions : int
        Places of the vision tower (of the table that is resized, for NaFlex), or the length of a text.
    patch : int
        Side of a patch in pixels (vision).
    vocabulary, n_out : int
        Tokens known, and width of the embedding (text).
    is_naflex : bool
    has_head : bool
        Whether the vision tower pools with attention.
    """

    width: int
    depth: int
    heads: int
    mlp: int
    n_positions: int
    patch: int = 16
    vocabulary: int = 256_000
    n_out: int = 0
    is_naflex: bool = False
    has_head: bool = True


class Attention(nn.Module):
    """Scaled dot-product attention; queries and keys may differ, masked keys are not seen."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} is no multiple of {heads} heads.")
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, queries: torch.Tensor, tokens: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Softmax(QKᵀ/√d) V for queries (B, M, W) and tokens (B, N, W); mask (B, N) is True for tokens that count."""
        q, k, v = (
            part(given).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part, given in ((self.query, queries), (self.key, tokens), (self.value, tokens))
        )
        seen = None if mask is None else mask[:, None, None, :]
        found = functional.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        return self.out(found.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    """Two layers with a tanh-GELU between them."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """fc2(gelu(fc1(x)))."""
        return self.fc2(functional.gelu(self.fc1(x), approximate="tanh"))


class Block(nn.Module):
    """x += Attn(LN x); x += MLP(LN x)."""

    def __init__(self, size: TowerSize) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(size.width, EPSILON), nn.LayerNorm(size.width, EPSILON)
        self.attention, self.mlp = Attention(size.width, size.heads), Mlp(size.width, size.mlp)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Tokens (B, N, W) to tokens."""
        y = self.norm1(x)
        x = x + self.attention(y, y, mask)
        return x + self.mlp(self.norm2(x))


class AttentionPoolHead(nn.Module):
    """One learned query looks at all tokens: z = MHA(probe, y, y); z += MLP(LN z)."""

    def __init__(self, size: TowerSize) -> None:
        super().__init__()
        self.probe = nn.Parameter(torch.zeros(1, 1, size.width))
        self.attention, self.norm = Attention(size.width, size.heads), nn.LayerNorm(size.width, EPSILON)
        self.mlp = Mlp(size.width, size.mlp)

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Tokens (B, N, W) to (B, W)."""
        z = self.attention(self.probe.expand(len(tokens), -1, -1), tokens, mask)
        return (z + self.mlp(self.norm(z)))[:, 0]


class PatchEmbedding(nn.Module):
    """Patches of an image of fixed size, row by row, with the position of each added."""

    def __init__(self, size: TowerSize, *, interpolate: bool = False) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, size.width, size.patch, stride=size.patch)
        self.position = nn.Parameter(torch.zeros(size.n_positions, size.width))
        self.side, self.interpolate = round(size.n_positions**0.5), interpolate

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (B, 3, R, R) to tokens (B, N, W)."""
        grid = self.patch(images)
        rows, columns = grid.shape[2:]
        if (rows, columns) == (self.side, self.side):
            position: torch.Tensor = self.position
        elif self.interpolate:
            position = _resized(self.position, self.side, (rows, columns), mode="bicubic", antialias=False)
        else:
            pixels = self.patch.kernel_size[0] * self.side
            raise ValueError(
                f"checkpoint is for {pixels} px ({self.side}×{self.side} patches), got {images.shape[2]}×"
                f"{images.shape[3]}: resize the images, or interpolate=True (bicubic positions)."
            )
        return grid.flatten(2).transpose(1, 2) + position


class FlexibleEmbedding(nn.Module):
    """Patches of images of any shape; the table of positions is resized to the grid of each image."""

    def __init__(self, size: TowerSize) -> None:
        super().__init__()
        self.patch = nn.Linear(3 * size.patch**2, size.width)
        self.position = nn.Parameter(torch.zeros(size.n_positions, size.width))
        self.side = round(size.n_positions**0.5)

    def forward(self, patches: torch.Tensor, shapes: Any) -> torch.Tensor:
        """Patches (B, N, 3p²) and their grids (B, 2: rows, columns) to tokens (B, N, W)."""
        tokens = self.patch(patches)
        grids = [(int(rows), int(columns)) for rows, columns in shapes]
        tables = {
            grid: _resized(self.position, self.side, grid, mode="bilinear", antialias=True) for grid in set(grids)
        }
        position = tokens.new_zeros(tokens.shape)
        for index, grid in enumerate(grids):
            table = tables[grid]
            position[index, : len(table)] = table
            position[index, len(table) :] = table[0]  # padding is masked, and may be anything
        return tokens + position


def _resized(table: torch.Tensor, side: int, grid: tuple[int, int], *, mode: str, antialias: bool) -> torch.Tensor:
    """A square table (side², W) resized to rows × columns, between centers of pixels."""
    image = table.reshape(1, side, side, -1).permute(0, 3, 1, 2).float()
    resized = functional.interpolate(image, size=grid, mode=mode, align_corners=False, antialias=antialias)
    return resized[0].flatten(1).T.to(table.dtype)


class VisionTower(nn.Module):
    """A vision transformer with attention pooling."""

    def __init__(self, size: TowerSize, *, interpolate: bool = False) -> None:
        super().__init__()
        self.size = size
        self.embeddings: nn.Module = (
            FlexibleEmbedding(size) if size.is_naflex else PatchEmbedding(size, interpolate=interpolate)
        )
        self.blocks = nn.ModuleList([Block(size) for _ in range(size.depth)])
        self.norm = nn.LayerNorm(size.width, EPSILON)
        self.head = AttentionPoolHead(size) if size.has_head else None

    def forward(
        self, images: torch.Tensor | None = None, *, patches: torch.Tensor | None = None, mask: Any = None,
        shapes: Any = None,
    ) -> torch.Tensor:  # fmt: skip
        """Images (B, 3, R, R), or for NaFlex patches (B, N, 3p²), mask (B, N) and shapes (B, 2), to (B, W)."""
        if not self.size.is_naflex:
            if images is None:
                raise ValueError("this checkpoint is for a fixed size; give images (B, 3, R, R), not patches.")
            x, seen = self.embeddings(images), None
        else:
            if patches is None or mask is None or shapes is None:
                raise ValueError("NaFlex needs patches=, mask= and shapes=: without the mask, padding counts as image.")
            x, seen = self.embeddings(patches, shapes), mask.bool()
        for block in self.blocks:
            x = block(x, seen)
        return self.pool(self.norm(x), seen)

    def pool(self, tokens: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Tokens after ``norm`` to the embedding; their mean where the checkpoint has no head."""
        if self.head is not None:
            return self.head(tokens, mask)
        if mask is None:
            return tokens.mean(dim=1)
        weights = mask[:, :, None].to(tokens.dtype)
        return (tokens * weights).sum(dim=1) / weights.sum(dim=1)


class TextEmbedding(nn.Module):
    """Tokens with their positions."""

    def __init__(self, size: TowerSize) -> None:
        super().__init__()
        self.token = nn.Embedding(size.vocabulary, size.width)
        self.position = nn.Parameter(torch.zeros(size.n_positions, size.width))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Tokens (B, L) to (B, L, W)."""
        return self.token(tokens) + self.position[: tokens.shape[1]]


class TextTower(nn.Module):
    """A transformer over all tokens, padding included; its last place is the embedding."""

    def __init__(self, size: TowerSize) -> None:
        super().__init__()
        self.size = size
        self.embeddings = TextEmbedding(size)
        self.blocks = nn.ModuleList([Block(size) for _ in range(size.depth)])
        self.norm = nn.LayerNorm(size.width, EPSILON)
        self.head = nn.Linear(size.width, size.n_out)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Tokens (B, L), padded on the right, to (B, n_out)."""
        x = self.embeddings(tokens)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, -1])


class Siglip(nn.Module):
    """Both towers; an image and a text match with probability sigmoid(exp(t) zᵢ·z_t + b)."""

    def __init__(self, vision: TowerSize | None, text: TowerSize | None = None, *, interpolate: bool = False) -> None:
        super().__init__()
        self.vision = None if vision is None else VisionTower(vision, interpolate=interpolate)
        self.text = None if text is None else TextTower(text)
        both = vision is not None and text is not None
        self.logit_scale = nn.Parameter(torch.zeros(1)) if both else None
        self.logit_bias = nn.Parameter(torch.zeros(1)) if both else None

    def logits(self, images: torch.Tensor, texts: torch.Tensor) -> torch.Tensor:
        """Embeddings (B, W) and (T, W) to logits (B, T)."""
        if self.logit_scale is None or self.logit_bias is None:
            raise ValueError("logits need both towers; load the checkpoint with text=True.")
        images, texts = (functional.normalize(one, dim=-1, eps=1e-8) for one in (images, texts))
        return self.logit_scale.exp() * images @ texts.T + self.logit_bias
