"""Times value and gradient of the losses: mxloss next to PyTorch, JAX and MXNet 1.9.1.

    make bench                                            sets up all peers, then runs this
    python tests/bench/run.py --quick                     a minute, with the peers there are
    python tests/bench/run.py --peers mxloss,jax --cases L2,CTC --sizes large

Every peer has a process of its own. In each cell (a case in a size) they first have to agree on
value and gradient; then they take turns, round by round. docs/benchmarks.md explains the tables.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
from tqdm import tqdm

import report
from cases import CASES, SIZES
from peers import PEERS, Peer, busy_seconds, find
from triad import Triad, last_level_cache

TARGET, MOST = 0.05, 10000  # seconds of one measurement; its calls
BUDGET = 2  # seconds: a form that has used them up sits out the further rounds
QUIET = 0.2  # processors that others may keep busy before --patience waits
REST = 0.005  # seconds for the threads of the last peer to fall asleep


def options(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])

    def some(text, of):
        chosen = text.split(",")
        for word in chosen:
            if word not in of:
                parser.error(f"{word!r} is none of {','.join(of)}")
        return chosen

    parser.add_argument("--peers", default=",".join(PEERS), help="some of %(default)s")
    parser.add_argument("--cases", default=",".join(CASES), help="some of %(default)s")
    parser.add_argument("--sizes", default=",".join(SIZES), help="some of %(default)s")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2, help="for every peer")
    parser.add_argument(
        "--patience", type=float, default=0, help="seconds in all to wait for a quiet machine"
    )
    parser.add_argument("--json", help="file for all numbers")
    parser.add_argument("--picture", help="file for a picture")
    parser.add_argument("--quick", action="store_true", help="two rounds, no large cells")
    parser.add_argument("--check", action="store_true", help="only compare results, time nothing")
    args = parser.parse_args(argv)
    args.peers, args.cases = some(args.peers, PEERS), some(args.cases, CASES)
    args.sizes = some(args.sizes, SIZES)
    if "mxloss" not in args.peers:
        args.peers.insert(0, "mxloss")
    if args.quick:
        args.rounds = 2
        args.sizes = [size for size in args.sizes if size != "large"]
    return args


def machine():
    """What a reader has to know about this machine."""
    name = platform.processor() or platform.machine()
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {
        "processor": name,
        "cpus": os.cpu_count(),
        "last_level_cache": last_level_cache(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_at_start": os.getloadavg(),
    }


def commit():
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(
        command, cwd=pathlib.Path(__file__).parent, capture_output=True, text=True
    )
    return done.stdout.strip() or None


class Others:
    """How many processors other processes kept busy since the last look: the noise."""

    def __init__(self, peers):
        self.pids = [os.getpid(), *(peer.process.pid for peer in peers)]
        self.last = time.time(), busy_seconds(self.pids)

    def look(self):
        (then, before), now, after = self.last, time.time(), busy_seconds(self.pids)
        self.last = now, after
        if not before or not after or now == then:
            return None
        used = (after[0] - before[0]) - (after[1] - before[1])
        return round(max(0, used) / (now - then), 2)

    def wait(self, patience):
        """Until it is quiet, for at most so many seconds; returns those spent waiting."""
        start = time.time()
        while time.time() - start < patience:
            self.look()
            time.sleep(0.2)
            if (self.look() or 0) < QUIET:
                break
        return time.time() - start


def difference(a, b):
    """The largest difference relative to the largest number; inf for NaN."""
    if a.shape != b.shape:
        return float("inf")
    most = float(np.max(np.abs(b)))
    d = float(np.max(np.abs(a - b))) / (most or 1)
    return d if d == d else float("inf")


class Cell:
    """One case in one size: who takes part, and how long they take."""

    def __init__(self, case, size, peers, folder):
        self.case, self.size, self.folder = case, size, folder
        self.peers, self.errors, self.looks, self.agreement = list(peers), {}, {}, {}
        self.times, self.others = {}, None

    def prepare(self):
        arrays = CASES[self.case].arrays(self.size)
        for i, array in enumerate(arrays):
            np.save(os.path.join(self.folder, f"{i}.npy"), array)
        self.bytes = sum(a.nbytes for a in arrays) + arrays[0].nbytes  # read once, written once
        self.elements = arrays[0].size
        del arrays
        for peer in list(self.peers):
            answer = peer.ask("prepare", self.case, self.size, self.folder)
            if "error" in answer:
                self._drop(peer, answer["error"])
            else:
                self.looks[peer.name] = answer

    def _drop(self, peer, why):
        self.errors[peer.name] = why
        self.peers.remove(peer)

    def check(self):
        """Everyone against mxloss, in value and gradient; who differs is not timed."""
        wanted = {}
        for peer in list(self.peers):
            for form in self.looks[peer.name]:
                file = os.path.join(self.folder, "result.npz")
                answer = peer.ask("save", self.case, self.size, form, file)
                if "error" in answer:
                    self._drop(peer, answer["error"])
                    break
                with np.load(file) as got:
                    value, gradient = got["value"], got["gradient"]
                if peer.name == "mxloss":
                    wanted.setdefault(form, (value, gradient))
                    if form in ("numpy", "out"):
                        wanted[form] = wanted["sum"]
                v, g = difference(value, wanted[form][0]), difference(gradient, wanted[form][1])
                self.agreement.setdefault(peer.name, {})[form] = [v, g]
                if max(v, g) > CASES[self.case].tolerance:
                    self._drop(peer, f"{form}: value differs by {v:.1e}, gradient by {g:.1e}")
                    break

    def time(self, threads):
        """A round: every form of every peer once; of mxloss also `out` on one thread."""
        for peer in self.peers:
            for form, look in self.looks[peer.name].items():
                self._measure(peer, form, form, look)
            if peer.name == "mxloss" and threads > 1:
                peer.ask("threads", 1)
                self._measure(peer, "out", "out, one thread", threads * self.looks["mxloss"]["out"])
                peer.ask("threads", threads)

    def _measure(self, peer, form, name, look):
        seconds = self.times.setdefault(peer.name, {}).setdefault(name, [])
        if sum(seconds) > BUDGET:
            return
        repeat = 1 if look > 0.5 else max(2, min(MOST, int(TARGET / look)))
        time.sleep(REST)
        answer = peer.ask("time", self.case, self.size, form, repeat)
        seconds += answer.get("seconds", [])
        if "error" in answer:
            self.errors[peer.name] = f"{form}: {answer['error']}"

    def as_json(self):
        return {
            "case": self.case,
            "size": self.size,
            "elements": self.elements,
            "bytes": self.bytes,
            "others": self.others,
            "times": {
                peer: {
                    form: {"min": min(s), "median": statistics.median(s), "all": s}
                    for form, s in forms.items()
                    if s
                }
                for peer, forms in self.times.items()
            },
            "agreement": self.agreement,
            "errors": self.errors,
        }


def save(result, file):
    if file:
        pathlib.Path(file).write_text(json.dumps(result, indent=1) + "\n")


def run(args, folder):
    found = {name: find(name) for name in args.peers}
    if found["mxloss"][0] is None:
        sys.exit(f"mxloss is not installed: {found['mxloss'][1]}")
    started = time.time()
    result = {
        "command": shlex.join([os.path.basename(sys.executable), *sys.orig_argv[1:]]),
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(),
        "threads": args.threads,
        "rounds": args.rounds,
        "peers": {},
        "missing": {name: why for name, (python, why) in found.items() if python is None},
        "cells": [],
    }
    patience = args.patience
    triad = None if args.check else Triad(folder, args.threads, args.quick)
    peers = [Peer(name, python, args.threads) for name, (python, _) in found.items() if python]
    try:
        for peer in peers:
            result["peers"][peer.name] = peer.ask("info")
        todo = [(case, size) for size in args.sizes for case in args.cases]
        with tqdm(total=len(todo) * (1 + args.rounds * (not args.check)), file=sys.stderr) as bar:
            if triad:
                triad.measure()
            for case, size in todo:
                bar.set_description(f"{case} {size}")
                cell = Cell(case, size, peers, folder)
                cell.prepare()
                cell.check()
                bar.update()
                noise = []
                for _ in range(0 if args.check else args.rounds):
                    others = Others(peers)
                    if patience > 0:
                        patience -= others.wait(patience)
                    others.look()
                    cell.time(args.threads)
                    noise.append(others.look())
                    bar.update()
                cell.others = max(noise, key=lambda x: x or 0, default=None)
                if triad and size == "large":
                    triad.measure("large")
                result["cells"].append(cell.as_json())
                result["seconds"] = round(time.time() - started)
                save(result, args.json)  # so that a run cut short is not lost
    finally:
        for peer in peers:
            peer.stop()
    if triad:
        triad.measure()
        result["triad"] = triad.as_json()
    result["seconds"] = round(time.time() - started)
    return result


def main(argv=None):
    args = options(argv)
    with tempfile.TemporaryDirectory() as folder:
        result = run(args, folder)
    save(result, args.json)
    if args.picture and not args.check:
        import picture

        picture.draw(result, args.picture)
    print(report.checked(result) if args.check else report.text(result))
    return 1 if any(cell["errors"] for cell in result["cells"]) else 0


if __name__ == "__main__":
    sys.exit(main())
