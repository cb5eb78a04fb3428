# `import mxloss.nd`: ndarray.py under this name
from .ndarray import *  # noqa: F403
