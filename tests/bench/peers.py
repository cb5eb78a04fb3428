"""The peers: which interpreter has them, and the processes in which they work."""

import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
PEERS = {  # name: folder of its environment, modules that it needs
    "mxloss": (None, ("mxloss",)),
    "torch": (".bench-torch", ("torch",)),
    "torch.compile": (".bench-torch", ("torch",)),
    "jax": (".bench-jax", ("jax", "optax")),
    "mxnet": (".mxnet", ("mxnet",)),
}


def environment(peer, threads):
    """Environment variables: the same number of threads for everyone."""
    n = str(threads)
    env = {**os.environ, "PYTHONWARNINGS": "ignore", "MXNET_STORAGE_FALLBACK_LOG_VERBOSE": "0"}
    for name in ("OMP", "MKL", "OPENBLAS", "MXLOSS"):
        env[name + "_NUM_THREADS"] = n
    env["NPROC"] = env["PJRT_NPROC"] = n  # read by XLA
    env["JAX_PLATFORMS"] = "cpu"
    if threads == 1:
        env["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    env.setdefault("TORCHINDUCTOR_CACHE_DIR", str(ROOT / ".bench-torch" / "inductor"))
    if peer != "mxloss":
        env.pop("PYTHONPATH", None)
    return env


def find(peer):
    """(interpreter, None), or (None, why there is none)."""
    folder, modules = PEERS[peer]
    reasons = []
    own = ROOT / folder / "bin" / "python" if folder else None
    for python in (own, pathlib.Path(sys.executable)):
        if python is None or not python.exists():
            continue
        done = subprocess.run(
            [python, "-c", "import " + ", ".join(modules)],
            env=environment(peer, 1),
            cwd=HERE,  # not the checkout, whose mxloss is not compiled
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            return str(python), None
        reasons.append(f"{python}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
    return None, "; ".join(reasons)


class Peer:
    """A worker.py that waits for requests; only the one that is asked computes."""

    def __init__(self, name, python, threads):
        self.name = name
        self.process = subprocess.Popen(
            [python, str(HERE / "worker.py"), name, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(name, threads),
            text=True,
            bufsize=1,
        )

    def ask(self, *words):
        """The answer to a request; {"error": ...} also if the process has died."""
        try:
            self.process.stdin.write("\t".join(map(str, words)) + "\n")
            line = self.process.stdout.readline()
        except OSError:
            line = ""
        return json.loads(line) if line else {"error": f"{self.name} has ended: out of memory?"}

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def busy_seconds(pids):
    """Seconds of processor time so far: (everyone's, other machines' on this hardware included;
    that of these processes). None where /proc does not say."""
    tick = os.sysconf("SC_CLK_TCK")
    try:
        user, nice, system, _, _, irq, soft, steal = map(
            int, pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]
        )
        stats = [pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1] for pid in pids]
    except (OSError, ValueError):
        return None
    own = sum(sum(map(int, stat.split()[11:15])) for stat in stats)
    return (user + nice + system + irq + soft + steal) / tick, own / tick
