# One cell of the trial: one planted bug under one strategy, over a number of seeds.
# SPDX-License-Identifier: Apache-2.0
"""A bug is reached when its line runs, triggered when the line makes a difference, detected when an
oracle objects. A cell gives up after MISSES_MAX seeds without a detection: what three whole budgets
do not find is not found."""
import json
import os
import re
import shutil
import statistics
import subprocess
import time

from planted.manifest import NO_WINDOW
from planted.workspace import Refused, run

MISSES_MAX = 3
REPLAYS = 10
RUNS_MAX = 100_000_000
# Their schedules do not depend on the seed: without a window, one run tells all.
SEEDLESS = ["keep", "round_robin"]
OTHER_BUDGET = 10  # seconds a seed for strategies that are not the row's own
FALSE_FACTOR = 10  # the unbroken runtime is run so many times the median, at least ...
FALSE_RUNS_MIN = 1000
FALSE_SECONDS_MAX = 20
OFF_RUNS_MIN = 1000  # a seed, with the window off
TSAN_EXIT = 66
MINIMIZE_SECONDS = 180
ANSWER_SECONDS = 300  # beyond twice its budget a campaign does not come back by itself
FORKED_RUNS_MAX = 4000  # a run in a child of its own takes some twenty milliseconds
RACE = re.compile(r"SUMMARY: ThreadSanitizer: (.*)")


def sanitizer_environment(halt=True, names=True):
    options = f"halt_on_error={int(halt)}:abort_on_error=0:exitcode={TSAN_EXIT}"
    symbolizer = shutil.which("llvm-symbolizer-19")
    if not names:
        options += ":symbolize=0"
    elif symbolizer:
        options += f":external_symbolizer_path={symbolizer}"
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("THROWSPLIT_INJECT")}
    return dict(kept, TSAN_OPTIONS=options)


def race_of(result):
    """What ThreadSanitizer says in one line, without the folder of this build; or None."""
    match = RACE.search(result.stderr)
    return re.sub(r"/\S*/src/", "", match.group(1)) if match else None


class Shot:
    """How a campaign is run: which program, under what, for how long."""

    def __init__(self, program, seed_file, strategy, windows=(), is_tsan=False, without=None):
        self.program = program
        self.seed_file = seed_file
        self.strategy = strategy
        self.windows = list(windows)
        self.is_tsan = is_tsan
        self.without = without  # an oracle that looks away

    def command(self, seed, runs, seconds, folder):
        command = [self.program, "run", self.seed_file, "--json", "--seed", str(seed),
                   "--runs", str(runs), "--strategy", self.strategy, "--findings", folder]
        if seconds:
            command += ["--budget", str(seconds)]
        for window in self.windows:
            command += ["--window", window]
        if self.without:
            command += ["--without", self.without]
        return command

    def fire(self, seed, runs, seconds, folder):
        """One campaign: what was found, after how many runs, and the file that replays it."""
        last = os.path.join(folder, f"last-{self.strategy}-{seed}.prog")
        command = self.command(seed, runs, seconds, folder)
        if self.is_tsan:
            command += ["--last", last]
        begin = time.monotonic()
        try:
            result = run(command, env=sanitizer_environment(),
                         timeout=ANSWER_SECONDS + 2 * (seconds or 0))
        except subprocess.TimeoutExpired:  # an oracle that a bug leads in a ring, for example
            raise Refused(f"no answer: {' '.join(command)}") from None
        race = race_of(result)
        if race:
            return self.told_of_race(race, last, time.monotonic() - begin)
        if result.returncode not in (0, 1):
            raise Refused(f"a campaign died: {' '.join(command)}\n"
                          f"{result.stderr[-4000:]}{result.stdout[-2000:]}")
        told = json.loads(result.stdout)
        found = {"reached": told["reached"], "triggered": told["triggered"], "oracle": "",
                 "text": "", "runs": told["runs"], "seconds": told["seconds"], "file": ""}
        for first in told["findings"][:1]:
            found |= {"oracle": first["oracle"], "text": first["text"], "runs": first["run"],
                      "seconds": first["seconds"], "file": first["file"]}
        return found

    def told_of_race(self, race, last, seconds):
        """The process is gone; the input that ended it says whether it came by the bug."""
        with open(last, encoding="utf-8") as file:
            runs = int(re.search(r"run (\d+)", file.readline()).group(1))
        again = run([self.program, "run", last, "--as-written", "--runs", "1", "--json",
                     "--strategy", self.strategy], env=sanitizer_environment(halt=False))
        canaries = {}
        if again.stdout.startswith("{"):
            canaries = json.loads(again.stdout)
        return {"reached": canaries.get("reached", False),
                "triggered": canaries.get("triggered", False), "oracle": "tsan", "text": race,
                "runs": runs, "seconds": seconds, "file": last}


def replays(program, first, is_tsan):
    """How many of ten replays, each in a process of its own, say the same."""
    agreeing = 0
    for _ in range(REPLAYS):
        result = run([program, "replay", first["file"], "--json"], env=sanitizer_environment())
        if is_tsan:
            agreeing += race_of(result) == first["text"]
        elif result.returncode == 1:
            told = json.loads(result.stdout)
            agreeing += (told.get("oracle"), told.get("text")) == (first["oracle"], first["text"])
    return agreeing


def budget_of(row, strategy, options):
    own = strategy == row["strategy"] and row["verdict"] == "found"
    return options.budget if own else min(options.budget, OTHER_BUDGET)


def medians(hits):
    return {"runs": statistics.median(hit["runs"] for hit in hits),
            "runs_max": max(hit["runs"] for hit in hits),
            "seconds": round(statistics.median(hit["seconds"] for hit in hits), 4)}


def run_cell(row, strategy, program, unbroken, seed_file, options, folder):
    """All seeds of one cell. Leaves the first finding's file in the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    windows = [] if row["window"] == NO_WINDOW else [row["window"]]
    is_tsan = row["build"] == "tsan"
    shot = Shot(program, seed_file, strategy, windows, is_tsan)
    single = strategy in SEEDLESS and not windows
    seeds = 1 if single else options.seeds
    shots, misses = [], 0
    for seed in range(1, seeds + 1):
        shots.append(shot.fire(seed, 1 if single else RUNS_MAX,
                               budget_of(row, strategy, options), folder))
        misses += shots[-1]["oracle"] == ""
        if misses == MISSES_MAX:
            break
    named = row["oracle"].split()
    hits = [each for each in shots if each["oracle"] in named]
    detected = [each for each in shots if each["oracle"]]
    cell = {"seeds": seeds, "tried": len(shots), "found": len(hits), "detected": len(detected),
            "reached": sum(each["reached"] for each in shots),
            "triggered": sum(each["triggered"] for each in shots),
            "tried_runs": sum(each["runs"] for each in shots),
            "tried_seconds": round(sum(each["seconds"] for each in shots), 3),
            "texts": sorted({hit["text"] for hit in hits}),
            "others": sorted({f"{each['oracle']}: {each['text']}" for each in detected
                              if each["oracle"] not in named})}
    first = next(iter(hits or detected), None)
    if first:
        cell |= medians(hits or detected)
        cell["file"] = first["file"]
        cell["replays"] = replays(program, first, is_tsan)
        cell["passes_unbroken"] = run([unbroken, "replay", first["file"]],
                                      env=sanitizer_environment()).returncode == 0
    return cell


def run_without_window(row, runs, program, seed_file, options, folder, others):
    """The other direction: with its window off, or all the others on, and as many runs a seed."""
    shot = Shot(program, seed_file, row["strategy"], others, row["build"] == "tsan")
    runs = max(runs, OFF_RUNS_MIN)
    shots = [shot.fire(seed, runs, 0, folder) for seed in range(1, options.seeds + 1)]
    return {"seeds": options.seeds, "runs": runs,
            "detected": sum(each["oracle"] != "" for each in shots)}


def false_finds(unbroken, seed_file, strategy, windows, kind, runs, seeds, folder):
    """The unbroken runtime under the same seeds: how much was run, and what it was accused of."""
    os.makedirs(folder, exist_ok=True)
    shot = Shot(unbroken, seed_file, strategy, windows, kind == "tsan")
    if strategy in SEEDLESS and not windows:
        runs, seeds = 1, 1
    each = max(1, -(-int(runs) // seeds))
    shots = [shot.fire(seed, each, FALSE_SECONDS_MAX / seeds, folder)
             for seed in range(1, seeds + 1)]
    return {"runs": sum(shot["runs"] for shot in shots),
            "found": sorted({f"{shot['oracle']}: {shot['text']}" for shot in shots
                             if shot["oracle"]})}


def minimize(program, cell, is_tsan):
    """The first finding made small: how small, in how many runs and seconds."""
    how = ["--fork", "--runs", str(FORKED_RUNS_MAX)] if is_tsan else []
    out = cell["file"].removesuffix(".prog") + ".min.prog"
    begin = time.monotonic()
    try:
        result = run([program, "minimize", cell["file"], "--json", "-o", out,
                      "--budget", str(MINIMIZE_SECONDS), *how],
                     env=sanitizer_environment(names=False), timeout=2 * MINIMIZE_SECONDS)
    except subprocess.TimeoutExpired:  # a minimizer that does not come back is a result
        return {"error": f"no answer in {2 * MINIMIZE_SECONDS} s"}
    if result.returncode != 0:
        return {"error": (result.stderr or result.stdout).strip().split("\n")[0][:200]}
    told = json.loads(result.stdout)
    return {"before": told["before"], "after": told["after"], "runs": told["runs"], "file": out,
            "seconds": round(time.monotonic() - begin, 2)}
