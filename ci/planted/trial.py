# The trial: every planted bug under every strategy, on as many workers as there are processors.
# SPDX-License-Identifier: Apache-2.0
"""What a bug came to is kept under build/mutants/results, with a key made of everything it depends
on: sources, compiler and its flags, patch, program, seeds, budgets. So a trial that is broken off
goes on where it stopped, and one that is started again runs only what has changed."""
import hashlib
import json
import os
import queue
import threading
import time

from planted import cells, stress
from planted.manifest import NO_WINDOW, windows
from planted.workspace import COMPILER, PROGRAMS, Refused, Snapshot, Workspace, run

STRESS_UNBROKEN_FACTOR = 4
# What a result depends on beside its patch and its program.
TREES = ["runtime/", "inject/", "fuzz/input/", "fuzz/explore/", "fuzz/guest/", "fuzz/oracle/",
         "fuzz/run/", "fuzz/tools/", "fuzz/report/", "ci/planted/cells.py",
         # How it is all built.
         "CMakeLists.txt", "ci/cmake/", "ci/rooms", "ci/planted/workspace.py"]
STRESS_FILE = "ci/planted/stress.py"  # what stress alone depends on


class Options:
    """What a trial is asked for; ci/mutants and ci/trial fill it from their command lines."""

    def __init__(self, **given):
        self.root = given["root"]
        self.seeds = given.get("seeds", 20)
        self.budget = given.get("budget", 60)
        self.strategies = given.get("strategies")  # None: all that there are
        self.own_only = given.get("own_only", False)
        self.stress_seconds = given.get("stress_seconds", 0)
        self.minimize = given.get("minimize", False)
        self.deadline = given.get("deadline", float("inf"))
        self.workers = given.get("workers", 1)
        self.work = os.path.join(self.root, "build", "mutants")


class Trial:
    def __init__(self, options, rows, tell):
        self.options = options
        self.rows = rows
        self.tell = tell  # called with a result each time a bug is done
        self.lock = threading.Lock()
        self.snapshot = Snapshot(options.root, options.work)
        compiler = run([COMPILER, "--version"]).stdout
        self.base_key = [self.snapshot.digest(*TREES), compiler]
        self.spaces = self.workspaces()
        self.unbroken = {}
        self.strategies = []
        self.refused = None

    def workspaces(self):
        jobs = int(os.environ.get("THROWSPLIT_JOBS", os.cpu_count()))
        each = max(1, jobs // self.options.workers)
        return [Workspace(self.snapshot, self.options.work, f"work{i}", each)
                for i in range(self.options.workers)]

    # ---- What is known already

    def kept(self, name, *depends):
        """(the file of a result, its key, the result if it is there and still true)."""
        path = os.path.join(self.options.work, "results", name + ".json")
        key = hashlib.sha256(json.dumps([self.base_key, *depends]).encode()).hexdigest()
        try:
            with open(path, encoding="utf-8") as file:
                kept = json.load(file)
        except (OSError, ValueError):
            kept = {}
        return path, key, kept.get("result") if kept.get("key") == key else None

    def keep(self, path, key, result):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump({"key": key, "result": result}, file, indent=1)
        os.replace(path + ".new", path)

    def remembered(self, name, depends, make):
        path, key, result = self.kept(name, *depends)
        if result is None:
            result = make()
            self.keep(path, key, result)
        return result

    def seed_file(self, row):
        return self.snapshot.path(os.path.join("corpus", row["seed"] + ".prog"))

    def key_of(self, row):
        patch = os.path.join("fuzz", "mutants", row["name"] + ".patch")
        program = os.path.join("corpus", row["seed"] + ".prog")
        return [row, self.digest_of(patch, program)]

    def digest_of(self, *files):
        return self.snapshot.digest("no tree", files=files)

    # ---- Many at a time

    def is_over(self):
        return self.refused is not None or time.monotonic() > self.options.deadline

    def on_all_workers(self, items, work):
        """work(item, workspace) for each item, until the time is over or something is refused."""
        waiting = queue.SimpleQueue()
        for item in items:
            waiting.put(item)

        def worker(space):
            while not self.is_over():
                try:
                    item = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    work(item, space)
                except Refused as refusal:
                    self.refused = refusal
        threads = [threading.Thread(target=worker, args=[space], daemon=True)
                   for space in self.spaces]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.refused is not None:
            raise self.refused

    # ---- The unbroken runtime

    def targets(self):
        return PROGRAMS if self.options.stress_seconds else PROGRAMS[:1]

    def build_unbroken(self):
        kinds = {row["build"] for row in self.rows}
        if self.options.stress_seconds:
            kinds |= {"release", "tsan"}

        def one(kind, space):
            programs = space.build(None, kind, self.targets())
            with self.lock:
                self.unbroken[kind] = programs
        self.on_all_workers(sorted(kinds), one)
        if self.is_over():
            raise Refused("the budget ended before the unbroken runtime was built")
        any_of = next(iter(self.unbroken.values()))["throwsplit-sim"]
        listed = json.loads(run([any_of, "list", "strategies", "--json"]).stdout)["strategies"]
        known = [each["name"] for each in listed]
        for name in self.options.strategies or []:
            if name not in known:
                raise Refused(f"no strategy {name} in this build; there are {' '.join(known)}")
        self.strategies = [name for name in known
                           if not self.options.strategies or name in self.options.strategies]

    # ---- One bug

    def strategies_of(self, row):
        if self.options.own_only:
            return [row["strategy"]]
        own = [name for name in self.strategies if name == row["strategy"]]
        return own + [name for name in self.strategies if name not in own]

    def folder_of(self, row, strategy):
        return os.path.join(self.options.work, "findings", row["name"], strategy)

    def try_bug(self, row, space):
        built = {}

        def program(kind, target="throwsplit-sim"):
            if kind not in built:
                # In the other kind there is stress alone.
                targets = self.targets() if kind == row["build"] else PROGRAMS[1:]
                built[kind] = space.build(row, kind, targets)
            return built[kind][target]
        options, key, name = self.options, self.key_of(row), row["name"]
        result = dict(row, cells={})
        for strategy in self.strategies_of(row):
            if self.is_over() and result["cells"]:
                result["cut_short"] = True
                break
            result["cells"][strategy] = self.remembered(
                f"{name}/{strategy}", [key, options.seeds, options.budget],
                lambda s=strategy: cells.run_cell(
                    row, s, program(row["build"]), self.unbroken[row["build"]]["throwsplit-sim"],
                    self.seed_file(row), options, self.folder_of(row, s)))
        own = result["cells"].get(row["strategy"])
        if own and row["window"] != NO_WINDOW and own["detected"]:
            others = [each for each in windows(self.snapshot.folder) if each != row["window"]]
            for arm, drawn in (("window_off", []), ("other_windows", others)):
                result[arm] = self.remembered(
                    f"{name}/{arm}", [key, options.seeds, own["runs_max"]],
                    lambda d=drawn: cells.run_without_window(
                        row, own["runs_max"], program(row["build"]), self.seed_file(row), options,
                        self.folder_of(row, row["strategy"]), d))
        if self.is_over():
            result["cut_short"] = True
        if own and options.minimize and own.get("file") and not self.is_over():
            result["minimized"] = self.remembered(
                f"{name}/minimized", [key, own["file"], own["runs"], own["tried_runs"]],
                lambda: cells.minimize(program(row["build"]), own, row["build"] == "tsan"))
        if options.stress_seconds and not self.is_over():
            result["stress"] = self.remembered(
                f"{name}/stress",
                [key, options.stress_seconds, self.digest_of(STRESS_FILE)],
                lambda: stress.run_cell(row, {kind: program(kind, "throwsplit-chaos")
                                              for kind in ("release", "tsan")},
                                        self.snapshot.folder, options.stress_seconds))
        result["ok"] = is_as_it_should_be(row, result, options)
        return result

    # ---- Everything

    def run(self):
        """{"bugs": [...], "false_finds": [...], "stress_unbroken": {...}}"""
        self.build_unbroken()
        bugs = {}

        def one(row, space):
            result = self.try_bug(row, space)
            with self.lock:
                bugs[row["name"]] = result
                self.tell(result)
        # Bugs in one file follow each other: only that file is built anew from one to the next.
        self.on_all_workers(sorted(self.rows, key=lambda row: row["files"]), one)
        told = {"strategies": self.strategies, "rows": len(self.rows),
                "bugs": [bugs[row["name"]] for row in self.rows if row["name"] in bugs],
                "false_finds": [], "stress_unbroken": {}}
        wanted = self.false_wanted(told["bugs"])
        told["false_wanted"] = len(wanted)
        told["false_finds"] = self.false_finds(wanted)
        if self.options.stress_seconds and not self.is_over():
            told["stress_unbroken"] = self.stress_unbroken()
        return told

    def false_wanted(self, bugs):
        """Of each program under each strategy: ten times the runs that a bug took there."""
        wanted = {}
        for bug in bugs:
            for strategy, cell in bug["cells"].items():
                of = (bug["seed"], strategy, bug["window"], bug["build"])
                runs = max(cells.FALSE_RUNS_MIN, cells.FALSE_FACTOR * cell.get("runs", 0))
                wanted[of] = max(runs, wanted.get(of, 0))
        return wanted

    def false_finds(self, wanted):
        """What the unbroken runtime is accused of in as many runs."""
        done = []

        def one(of, _):
            seed, strategy, window, kind = of
            drawn = [] if window == NO_WINDOW else [window]
            file = self.snapshot.path(os.path.join("corpus", seed + ".prog"))
            folder = os.path.join(self.options.work, "findings", "unbroken")
            name = f"unbroken/{seed.replace('/', '.')}-{strategy}-{window}-{kind}"
            got = self.remembered(
                name, [wanted[of], self.options.seeds, self.digest_of(f"corpus/{seed}.prog")],
                lambda: cells.false_finds(self.unbroken[kind]["throwsplit-sim"], file, strategy,
                                          drawn, kind, wanted[of], self.options.seeds, folder))
            with self.lock:
                done.append(dict(got, seed=seed, strategy=strategy, window=window, build=kind))
        self.on_all_workers(sorted(wanted), one)
        return sorted(done, key=lambda each: sorted(each.items(), key=str))

    def stress_unbroken(self):
        """The same programs, all together, on the unbroken runtime's real threads."""
        seconds = self.options.stress_seconds * STRESS_UNBROKEN_FACTOR
        names = sorted({os.path.join("corpus", row["seed"] + ".prog") for row in self.rows})
        files = [self.snapshot.path(name) for name in names]
        no_bug = {"window": NO_WINDOW}

        def one(kind, arming):
            terms = stress.plan(self.snapshot.folder, no_bug) if arming == "armed" else ""
            return stress.run_stress(self.unbroken[kind]["throwsplit-chaos"], files, seconds,
                                     terms, 1)
        return {stress.variant_name(kind, arming):
                self.remembered(f"unbroken/stress-{kind}-{arming}",
                                [seconds, self.digest_of(STRESS_FILE, *names)],
                                lambda k=kind, a=arming: one(k, a))
                for kind, arming in stress.VARIANTS}


def is_as_it_should_be(row, result, options):
    """Found with every seed by the oracle that the row names; or, if it is no bug, by nobody."""
    if row["verdict"] == "missed":
        return not any(cell["detected"] for cell in result["cells"].values())
    own = result["cells"].get(row["strategy"])
    if own is None:  # only other strategies were asked for: they are not judged
        return True
    good = (own["found"] == options.seeds and own["replays"] == cells.REPLAYS and
            own["passes_unbroken"])
    return good and result.get("window_off", {"detected": 0})["detected"] == 0
