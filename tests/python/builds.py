"""What the module under test was built with."""

import re

import pytest

import mxloss as mx

WATCHED = re.findall(r"-fsanitize=\S+|--coverage", mx.show_config("dicts")["build"])

# ThreadSanitizer takes the threads of a child of fork for the parent's, and ends
forks = pytest.mark.skipif("-fsanitize=thread" in WATCHED, reason="threads in a child of fork")

# for what an instrumented module cannot show: speed, memory, instructions; and for programs and
# libraries that are not this module
usual_build = pytest.mark.skipif(WATCHED != [], reason=f"built with {' '.join(WATCHED)}")
