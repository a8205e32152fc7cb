"""Draw the picture of README from the numbers of the demo.

Run ``python docs/picture.py [neurogeom-demo/results.nc]``; without a file the demo runs first.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from neurogeom import results
from neurogeom.cli import demo
from neurogeom.cli.sections import across_figure
from neurogeom.io import write_bytes
from neurogeom.report.figures import png_bytes

TARGET = Path(__file__).parent / "images" / "layers.png"
SIZE_LIMIT = 150_000


def main(numbers: Path | None) -> None:
    """Write the picture, small enough for a page that loads at once."""
    if numbers is None:
        numbers = demo.run(Path(tempfile.mkdtemp()), seed=0, quick=False, n_jobs=None, say=print)["numbers"]
    names = ("glue", "glue_untrained", "readout", "readout_untrained")
    glue, untrained, readout, other = (results.load(numbers, name) for name in names)
    both = results.concat([glue, untrained], network=["trained", "untrained"])
    figure, _, _ = across_figure(both, readouts={"trained": readout, "untrained": other})
    picture = next(data for dpi in (140, 120, 100, 80) if len(data := png_bytes(figure, dpi=dpi)) < SIZE_LIMIT)
    write_bytes(TARGET, picture)
    sys.stdout.write(f"{TARGET}: {len(picture) / 1000:.0f} kB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
