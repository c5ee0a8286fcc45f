# tests/bench/nodes.py - what the benchmarks in Python share: quoit-node processes, a cluster of them, bench_load. A failed operation ends the
# program; what was started ends with it, by its own id.
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS = 15

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that with statements end what they have begun


def fail(what):
    sys.exit(f"{sys.argv[0]}: {what}")


def add_arguments(parser):
    """Options that all of them have."""
    parser.add_argument("--dir", metavar="DIR", help="where the data goes for the time of the run (TMPDIR or /tmp); on a disk, not in memory")
    parser.add_argument("--build", default=str(TOP / "build/release"), metavar="DIR", help="whose programs (build/release)")


def programs(build, *names):
    """@return the folder of a build's programs, which must be there"""
    folder = pathlib.Path(build) / "bin"
    for name in names:
        if not (folder / name).exists():
            fail(f"there is no {name} in {folder}; build it, or name another --build")
    return folder


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def info(address, section):
    """@return the fields of INFO of that section; None if the node doesn't answer"""
    host, port = address.rsplit(":", 1)
    try:
        with socket.create_connection((host, int(port)), 5) as connection, connection.makefile("rb") as stream:
            connection.sendall(f"INFO {section}\r\n".encode())
            head = stream.readline()
            if not head.startswith(b"$"):
                return None
            text = stream.read(int(head[1:])).decode()
    except OSError:
        return None
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def medians(rows):
    """Of rows of figures, column by column."""
    return [statistics.median(column) for column in zip(*rows)]


class Node:
    """One process. Its ports are free ones at its first start, and stay the same."""

    def __init__(self, bin_dir, folder, name, environment=None):
        self.program, self.folder, self.name = bin_dir / "quoit-node", pathlib.Path(folder), name
        self.environment = {**os.environ, **(environment or {})}
        self.address = self.peer_address = "127.0.0.1:0"
        self.process = None

    def start(self):
        """Doesn't wait; see wait_until_ready()."""
        self._ready_file().unlink(missing_ok=True)
        with open(self.folder / f"{self.name}.log", "a") as log:
            self.process = subprocess.Popen(
                [self.program, "--data-dir", self.folder / self.name, "--name", self.name, "--listen", self.address,
                 "--peer-listen", self.peer_address, "--ready-file", self._ready_file()],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait_until_ready(self):
        deadline = time.monotonic() + START_SECONDS
        while not self._ready_file().exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                fail(f"{self.name} doesn't start: {(self.folder / f'{self.name}.log').read_text()[-2000:]}")
            time.sleep(0.02)
        told = json.loads(self._ready_file().read_text())
        self.address, self.peer_address = told["client"], told["peer"]

    @property
    def pid(self):
        return self.process.pid

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def processor_seconds(self):
        return processor_seconds(self.pid)

    def resident_kib(self):
        lines = pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])

    def _ready_file(self):
        return self.folder / f"{self.name}.ready"


class Cluster:
    """So many nodes that keep every key three times, or as often as there are nodes. Used in a with statement."""

    def __init__(self, bin_dir, folder, count, environments=None):
        """environments: what a node's environment has beside this process's, by the node's number from 1"""
        self.bin_dir, self.folder = bin_dir, folder
        self.nodes = [Node(bin_dir, folder, f"node-{i}", (environments or {}).get(i)) for i in range(1, count + 1)]

    def __enter__(self):
        try:
            for node in self.nodes:
                node.start()
            for node in self.nodes:
                node.wait_until_ready()
            made = subprocess.run(
                [self.bin_dir / "quoit", "create", *self.addresses(), "--replicas", str(min(3, len(self.nodes)))],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
            if made.returncode != 0:
                fail(f"the cluster can't be formed: {made.stdout}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            node.stop()

    def addresses(self):
        return [node.address for node in self.nodes]

    def pids(self):
        return [node.pid for node in self.nodes]


def wait_until_quiet(pids):
    """Until nodes have done what a load left behind: take less than a tenth of a core together. 20 s at most."""
    before = sum(map(processor_seconds, pids))
    for _ in range(40):
        time.sleep(0.5)
        now = sum(map(processor_seconds, pids))
        if now - before < 0.05:
            return
        before = now


class Load:
    """A bench_load that runs. Options as of bench_load, with _ for -; a list is an option that is repeated."""

    def __init__(self, bin_dir, addresses, work, **options):
        command = [bin_dir / "bench_load", "--work", work]
        for name, value in {"server": addresses, **options}.items():
            for one in value if isinstance(value, list) else [value]:
                command += ["--" + name.replace("_", "-"), str(one)]
        self.work, self.process = work, subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def end_early(self):
        self.process.terminate()

    def result(self):
        """Waits for it. @return its line of JSON; ends the program if an operation failed"""
        line = self.process.communicate()[0]
        if self.process.returncode != 0:
            fail(f"{self.work} failed: {line}")
        return json.loads(line)


def load(bin_dir, addresses, work, **options):
    """One run of bench_load from beginning to end."""
    return Load(bin_dir, addresses, work, **options).result()
