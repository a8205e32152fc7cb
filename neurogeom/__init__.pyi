from . import alignment as alignment
from . import behavior as behavior
from . import capacity as capacity
from . import cli as cli
from . import datasets as datasets
from . import decoding as decoding
from . import encoders as encoders
from . import io as io
from . import kernels as kernels
from . import plotting as plotting
from . import predictivity as predictivity
from . import readout as readout
from . import recordings as recordings
from . import regression as regression
from . import report as report
from . import results as results
from . import retina as retina
from . import statistics as statistics
from . import stimuli as stimuli
from . import training as training
from .manifolds import Manifolds as Manifolds
from .results import Result as Result
from .results import concat as concat
from .results import load as load

__all__: list[str]
__version__: str
