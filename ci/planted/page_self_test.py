# Prints the page of a made-up trial, and demands that nothing of it is left unsaid.
# SPDX-License-Identifier: Apache-2.0
from planted import page
from planted.trial import Options


def cell(detected, tried=20, **more):
    made = {"seeds": 20, "tried": tried, "found": detected, "detected": detected, "reached": tried,
            "triggered": detected, "tried_runs": 900, "tried_seconds": 1.5, "texts": [],
            "others": []}
    if detected:
        made |= {"runs": 35, "runs_max": 60, "seconds": 0.25, "file": "f.prog", "replays": 10,
                 "passes_unbroken": True}
    return made | more


def bug(name, cells, **more):
    made = {"name": name, "oracle": "O3", "seed": "s/p", "strategy": "random", "window": "-",
            "build": "release", "verdict": "found", "sentence": "it is wrong", "ok": True,
            "cells": cells}
    return made | more


def small(goroutines, rows):
    before = {"goroutines": 4, "ops": 9, "faults": 1, "schedule rows": 30}
    return {"before": before, "runs": 700, "seconds": 2.5,
            "after": before | {"goroutines": goroutines, "schedule rows": rows}}


def shot(detected, by):
    return {"tried": 3, "detected": detected, "by": by, "words": [], "runs": 100}


TOLD = {
    "strategies": ["keep", "random"],
    "rows": 6,
    "false_wanted": 3,
    "bugs": [
        bug("plain", {"random": cell(20), "keep": cell(0, tried=3, reached=0)},
            minimized=small(2, 3), stress={"threads, calm": shot(2, ["watchdog"])}),
        bug("windowed", {"random": cell(20), "keep": cell(0, tried=3, triggered=3)},
            window="idle-p", window_off={"seeds": 20, "runs": 1234, "detected": 0},
            other_windows={"seeds": 20, "runs": 1234, "detected": 1}, minimized=small(4, 3)),
        bug("hard", {"random": cell(0, tried=3)}, ok=False, cut_short=True,
            minimized={"error": "no answer"}),
        bug("other", {"random": cell(20, found=17, others=["O4: a | b"])}),
        bug("none", {"random": cell(0, tried=3)}, verdict="missed", sentence="it is right"),
    ],
    "false_finds": [{"seed": "s/p", "strategy": "random", "window": "-", "build": "release",
                     "runs": 5000, "found": ["O1: no"]}],
    "stress_unbroken": {"threads, calm": {"by": "", "words": "", "runs": 777}},
}
WANTED = [
    "Bugs: 4, and 1 changes that are no bug",
    "1 bugs were not tried, 1 not in full, and",
    "2 programs not on the unbroken runtime",
    "| `random` | 3 of 4 | 0 | 1 | 35 | 0.250 |",
    "| `keep` | 0 of 2 | 0 | 2 |",
    "| threads, calm | 0 of 1 | 1 | 0 |",
    "passes on the unbroken runtime): 4 of 5.",
    "| plain | O3 | 0 of 3 | 20 of 20, 35 runs | 2 of 3 watchdog | not run |",
    "| other | O3 | not run | 20 of 20, 35 runs (3 by another oracle) |",
    "| windowed | idle-p | 20 of 20, 35 runs | 0 of 20 | 1 of 20 | 1234 |",
    "| plain | `keep` | never came by it | 900 |",
    "| hard | `random` | came by it, and it never made a difference | 900 |",
    "| windowed | `keep` | it made a difference, and no oracle objected | 900 |",
    "| none | it is right | random 0 of 3 in 900 |",
    "| `random` | 1 | 5000 | 1 |",
    "| threads, calm | all together | 777 | 0 |",
    "1 of 3 are, 33 % (wanted: 90 %)",
    "| plain | 4 -> 2 | 9 -> 9 | 1 -> 1 | 30 -> 3 | 700 | 2.5 | yes |",
    "| windowed | 4 -> 4 |",
    "| hard | no answer |",
    "| hard | O3 | 3 | 0 | 0 | 3 | none in 900 | 1.5 |",
    "| plain | O3 | 20 | 20 | 20 | 20 | 35 | 0.250 | 10 of 10 | yes |",
    "O4: a \\| b |",
]


def run():
    text = page.page(TOLD, Options(root=".", stress_seconds=5))
    unsaid = [words for words in WANTED if words not in text]
    for words in unsaid:
        print(f"self-test: the page does not say: {words}")
    print(f"ci/trial --self-test: {len(WANTED) - len(unsaid)} of {len(WANTED)} things are said")
    return 1 if unsaid else 0
