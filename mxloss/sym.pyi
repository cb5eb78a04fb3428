# `import mxloss.sym`: symbol.py under this name
from .symbol import *  # noqa: F403
