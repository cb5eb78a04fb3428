"""The bandwidth of this machine's memory, from triad.c, compiled here and now."""

import os
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).parent
LARGE = 4 * 4096 * 4096  # bytes of one array of the large elementwise cases
MOST = 1 << 30
SECONDS = "0.5"


def last_level_cache():
    """Bytes of the largest cache that the system knows of; 0 if it does not say."""
    sizes = [0]
    for file in pathlib.Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        found = re.fullmatch(r"(\d+)([KM]?)", file.read_text().strip())
        if found:
            sizes.append(int(found[1]) << {"": 0, "K": 10, "M": 20}[found[2]])
    return max(sizes)


class Triad:
    """Best rates so far by (what, threads): "large", arrays as large as the losses', and "beyond",
    each array larger than the last-level cache (or 1 GiB)."""

    def __init__(self, folder, threads, quick=False):
        self.program = os.path.join(folder, "triad")
        self.error = None
        beyond = min(MOST, max(4 * LARGE, last_level_cache() * 5 // 4))
        self.sizes = {"large": LARGE} if quick else {"large": LARGE, "beyond": beyond}
        self.threads = sorted({1, threads})
        self.rates = {}
        compiler = os.environ.get("CC", "gcc")
        command = [compiler, "-O3", "-march=native", "-fopenmp", str(HERE / "triad.c")]
        try:
            subprocess.run(
                [*command, "-o", self.program], check=True, capture_output=True, text=True
            )
        except (OSError, subprocess.CalledProcessError) as error:
            self.error = f"{error} {getattr(error, 'stderr', '')}".strip()[:300]

    def measure(self, what=None):
        """Another measurement; what is a key of `sizes`, None for all."""
        if self.error:
            return
        for name, size in self.sizes.items():
            for n in self.threads if what in (None, name) else ():
                command = [self.program, str(size), str(n), SECONDS]
                rate = float(subprocess.check_output(command))
                self.rates.setdefault((name, n), []).append(rate)

    def as_json(self):
        return {
            "error": self.error,
            "array_bytes": self.sizes,
            "bytes_per_second": [
                {"arrays": name, "threads": n, "best": max(rates), "all": rates}
                for (name, n), rates in self.rates.items()
            ],
        }
