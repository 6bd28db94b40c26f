# The same bugs under plain stress: real threads, the real kernel, and what they make of it.
# SPDX-License-Identifier: Apache-2.0
import json
import os
import re

from planted.cells import TSAN_EXIT, race_of, sanitizer_environment
from planted.manifest import NO_WINDOW, read_text
from planted.workspace import run

REPEATS = 3
STALL_SECONDS = 2
TERMS_MAX = 64
VARIANTS = [(kind, arming) for kind in ("release", "tsan") for arming in ("calm", "armed")]
# By letter of window.def: what an armed window asks for, and how often.
ACTIONS = {"P": "5%preempt", "F": "10%fail", "S": "2%stop"}


def variant_name(kind, arming):
    return f"{'threads' if kind == 'release' else 'threads under TSan'}, {arming}"


def points(snapshot):
    text = read_text(snapshot, "runtime", "hook", "points.def")
    return re.findall(r"^POINT\(\d+, (\w+),", text, re.M)


def window_points(snapshot, window):
    text = read_text(snapshot, "inject", "window.def")
    camel = re.search(rf'^WINDOW\((\w+), "{window}"', text, re.M).group(1)
    return re.findall(rf'^WINDOW_POINT\({camel}, (\w+), "(\w*)"\)', text, re.M)


def plan(snapshot, row):
    """Short delays at every point; at those of the bug's window also what the points allow."""
    terms = []
    if row["window"] != NO_WINDOW:
        terms += [f"{name}={ACTIONS[letter]}"
                  for name, letters in window_points(snapshot, row["window"]) for letter in letters]
    terms += [f"{name}=2%sleep(50us)" for name in points(snapshot)]
    return ";".join(terms[:TERMS_MAX])


def judge(result):
    """(what found it, in its words); ("", "") where nothing did."""
    race = race_of(result)
    if race or result.returncode == TSAN_EXIT:
        return "TSan", race or "a report without a summary"
    if result.returncode not in (0, 1) or not result.stdout.startswith("{"):
        return "crash", f"exit code {result.returncode}"
    finding = json.loads(result.stdout)["finding"]
    if not finding:
        return "", ""
    if "no run ended" in finding:
        return "watchdog", finding
    if "sanitizer" in finding:
        return "TSan", finding
    fatal = re.search(r"fatal error: (.*)", result.stderr)
    if finding.startswith("killed by") or fatal:
        return "crash", fatal.group(1) if fatal else finding
    return "data", finding


def run_stress(program, files, seconds, terms, seed):
    environment = sanitizer_environment()
    if terms:
        environment |= {"THROWSPLIT_INJECT": terms, "THROWSPLIT_INJECT_SEED": str(seed)}
    command = [program, "stress", *files, "--json", "--seconds", str(seconds),
               "--stall", str(STALL_SECONDS)]
    result = run(command, env=environment, timeout=seconds * 4 + 60)
    runs = json.loads(result.stdout)["runs"] if result.stdout.startswith("{") else 0
    by, words = judge(result)
    return {"by": by, "words": words, "runs": runs}


def run_variant(program, files, seconds, terms):
    shots = [run_stress(program, files, seconds, terms, seed) for seed in range(1, REPEATS + 1)]
    return {"tried": REPEATS, "detected": sum(shot["by"] != "" for shot in shots),
            "by": sorted({shot["by"] for shot in shots if shot["by"]}),
            "words": sorted({shot["words"] for shot in shots if shot["words"]}),
            "runs": sum(shot["runs"] for shot in shots)}


def run_cell(row, programs, snapshot, seconds):
    """All four variants; programs: of a kind, its throwsplit-chaos."""
    files = [os.path.join(snapshot, "corpus", row["seed"] + ".prog")]
    return {variant_name(kind, arming):
            run_variant(programs[kind], files, seconds,
                        plan(snapshot, row) if arming == "armed" else "")
            for kind, arming in VARIANTS}
