# docs/trial.md: what the trial found, what it did not find and why, in tables.
# SPDX-License-Identifier: Apache-2.0
import os
import statistics

from planted import cells, stress
from planted.manifest import NO_WINDOW

GOROUTINES_FEW = 3
ROWS_FEW = 5
SHARE_WANTED = 90


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows] + [""]


def amount(number):
    return f"{number:.0f}" if number == int(number) or number >= 100 else f"{number:.1f}"


def seconds(number):
    return f"{number:.3f}" if number < 1 else f"{number:.1f}"


def score(cell):
    """`20 of 20`, `0 of 3`; with the median of runs where there is one."""
    if cell is None:
        return "not run"
    words = f"{cell['detected']} of {cell['tried']}"
    if "runs" in cell:
        words += f", {amount(cell['runs'])} runs"
    if cell["detected"] > cell["found"]:
        words += f" ({cell['detected'] - cell['found']} by another oracle)"
    return words


def is_found(cell):
    """By any oracle, with every seed."""
    return cell is not None and cell["detected"] == cell["seeds"]


def stress_score(shot):
    if shot is None:
        return "not run"
    return f"{shot['detected']} of {shot['tried']}" + (f" {', '.join(shot['by'])}"
                                                      if shot["by"] else "")


def real_bugs(told):
    return [bug for bug in told["bugs"] if bug["verdict"] == "found"]


def machine():
    return f"a virtual x86-64 machine with {os.cpu_count()} processors, under Linux"


def intro(told, options):
    bugs = real_bugs(told)
    return [
        "# The trial by planted bugs", "",
        "Printed by `ci/trial`; do not edit. Each row of `fuzz/mutants/manifest` is a patch that",
        "brings a known mistake back. A program that can reach it, stripped of schedule and",
        "faults, is run under one strategy after the other, with other seeds each time, until an",
        "oracle objects. *Reached*: the line of the bug ran. *Triggered*: it made a difference.",
        "*Detected*: an oracle said so.", "",
        f"- Bugs: {len(bugs)}, and {len(told['bugs']) - len(bugs)} changes that are no bug and must"
        " not be found.",
        f"- Machine: {machine()}; one campaign a processor.",
        f"- Seeds: 1 to {options.seeds}. Budget a seed: {options.budget:.0f} s under the row's own"
        f" strategy, {cells.OTHER_BUDGET} s under others.",
        f"- A cell ends after {cells.MISSES_MAX} seeds without a detection: `0 of"
        f" {cells.MISSES_MAX}`. `keep` and `round_robin` draw nothing: one run is all they have.",
        f"- Stress: the same program on real threads, {stress.REPEATS} times"
        f" {options.stress_seconds:.0f} s, calm and with delays at every point (for a bug that"
        " needs a window also with what its points allow); plain, and under ThreadSanitizer.",
        "  A World in which no run ends for"
        f" {stress.STALL_SECONDS} s counts as found by the watchdog.", ""]


def not_run(told):
    missing = told["rows"] - len(told["bugs"])
    cut = [bug["name"] for bug in told["bugs"] if bug.get("cut_short")]
    unasked = told["false_wanted"] - len(told["false_finds"])
    if not missing and not cut and not unasked:
        return []
    return [f"The budget ended early: {missing} bugs were not tried, {len(cut)} not in full, and",
            f"{unasked} programs not on the unbroken runtime. The same command goes on from here.",
            ""]


def overview(told, options):
    bugs, lines = real_bugs(told), ["## At a glance", ""]
    rows = []
    for strategy in told["strategies"]:
        has = [bug["cells"][strategy] for bug in bugs if strategy in bug["cells"]]
        found = [cell for cell in has if is_found(cell)]
        rows.append([f"`{strategy}`", f"{len(found)} of {len(has)}",
                     sum(0 < cell["detected"] < cell["seeds"] for cell in has),
                     sum(cell["detected"] == 0 for cell in has),
                     amount(statistics.median(cell["runs"] for cell in found)) if found else "",
                     seconds(max(cell["seconds"] for cell in found)) if found else ""])
    for name in (stress.variant_name(*each) for each in stress.VARIANTS):
        has = [bug["stress"][name] for bug in bugs if name in bug.get("stress", {})]
        if not has:
            continue
        rows.append([name, f"{sum(shot['detected'] == shot['tried'] for shot in has)} of"
                     f" {len(has)}", sum(0 < shot["detected"] < shot["tried"] for shot in has),
                     sum(shot["detected"] == 0 for shot in has), "", ""])
    lines += table(["", "always found", "sometimes", "never", "runs, median of medians",
                    "longest median, s"], rows)
    good = sum(bug["ok"] for bug in told["bugs"])
    lines += [f"As the manifest says (each seed, by the named oracle, replays"
              f" {cells.REPLAYS} of {cells.REPLAYS}, passes on the unbroken runtime):"
              f" {good} of {len(told['bugs'])}.", ""]
    return lines


def side_by_side(told):
    names = [stress.variant_name(*each) for each in stress.VARIANTS]
    rows = []
    for bug in real_bugs(told):
        row = [bug["name"], bug["oracle"]]
        row += [score(bug["cells"].get(strategy)) for strategy in told["strategies"]]
        row += [stress_score(bug.get("stress", {}).get(name)) for name in names]
        rows.append(row)
    return ["## Side by side", "",
            "Detected with so many seeds of those tried, by any oracle, and the median of the runs"
            " that took.", "",
            *table(["bug", "oracle", *(f"`{name}`" for name in told["strategies"]), *names], rows)]


def of_strategy(told, strategy):
    rows = []
    for bug in real_bugs(told):
        cell = bug["cells"].get(strategy)
        if cell is None:
            continue
        row = [bug["name"], bug["oracle"], cell["reached"], cell["triggered"], cell["detected"],
               cell["tried"]]
        if "runs" in cell:
            row += [amount(cell["runs"]), seconds(cell["seconds"]),
                    f"{cell['replays']} of {cells.REPLAYS}",
                    "yes" if cell["passes_unbroken"] else "NO"]
        else:
            row += [f"none in {cell['tried_runs']}", seconds(cell["tried_seconds"]), "", ""]
        rows.append(row + ["; ".join(cell["others"]).replace("|", "\\|")])
    return [f"## `{strategy}`", "",
            *table(["bug", "oracle", "reached", "triggered", "detected", "of", "runs, median",
                    "s, median", "replays", "passes unbroken", "other oracles"], rows)]


def windows(told):
    rows = [[bug["name"], bug["window"], score(bug["cells"].get(bug["strategy"])),
             f"{bug['window_off']['detected']} of {bug['window_off']['seeds']}",
             f"{bug['other_windows']['detected']} of {bug['other_windows']['seeds']}",
             bug["window_off"]["runs"]]
            for bug in real_bugs(told) if bug["window"] != NO_WINDOW and "window_off" in bug]
    return ["## Found only with a window on", "",
            "The programs of these ask for no stop and no turn, so nothing but an action at an",
            "injection point leads to the bug. With the window on, each run draws a plan over its",
            "points; with it off, as many runs a seed as the slowest seed took with it on, at"
            f" least {cells.OFF_RUNS_MIN}. The last arm draws over the points of all others: where",
            "it finds the bug too, any stop of the world will do, wherever it was asked for.",
            "", *table(["bug", "window", "on", "off", "only the others on", "runs a seed, off"],
                       rows)]


def why_missed(cell):
    if not cell["reached"]:
        return "never came by it"
    if not cell["triggered"]:
        return "came by it, and it never made a difference"
    return "it made a difference, and no oracle objected"


def missed(told):
    lines = ["## Missed", "", "By a strategy with every seed it tried:", ""]
    rows = [[bug["name"], f"`{strategy}`", why_missed(cell), cell["tried_runs"]]
            for bug in real_bugs(told) for strategy, cell in bug["cells"].items()
            if cell["detected"] == 0]
    lines += table(["bug", "strategy", "why", "runs"], rows) if rows else ["None.", ""]
    rows = [[bug["name"], bug["sentence"],
             "; ".join(f"{name} {cell['detected']} of {cell['tried']} in {cell['tried_runs']}"
                       for name, cell in bug["cells"].items())]
            for bug in told["bugs"] if bug["verdict"] == "missed"]
    return lines + ["No bug, and so not to be found:", "", *table(["change", "why", "runs"], rows)]


def false_finds(told):
    lines = ["## False finds", "",
             "The unbroken runtime, the same programs, seeds, strategies and windows, ten times the"
             " runs that", f"a bug took there and at least {cells.FALSE_RUNS_MIN}:", ""]
    rows = []
    for strategy in told["strategies"]:
        has = [each for each in told["false_finds"] if each["strategy"] == strategy]
        rows.append([f"`{strategy}`", len(has), sum(each["runs"] for each in has),
                     sum(len(each["found"]) for each in has)])
    for name, shot in told["stress_unbroken"].items():
        rows.append([name, "all together", shot["runs"], int(shot["by"] != "")])
    return lines + table(["", "programs", "runs", "false finds"], rows)


def is_small(small):
    return (small is not None and "error" not in small and
            small["after"]["goroutines"] <= GOROUTINES_FEW and
            small["after"]["schedule rows"] <= ROWS_FEW)


def minimized(told):
    bugs = [bug for bug in real_bugs(told) if "minimized" in bug]
    if not bugs:
        return []
    small = sum(is_small(bug["minimized"]) for bug in bugs)
    rows = []
    for bug in bugs:
        it = bug["minimized"]
        if "error" in it:
            rows.append([bug["name"], it["error"], "", "", "", "", "", "no"])
            continue
        row = [bug["name"]]
        for part in ("goroutines", "ops", "faults", "schedule rows"):
            row.append(f"{it['before'][part]} -> {it['after'][part]}")
        rows.append(row + [it["runs"], seconds(it["seconds"]), "yes" if is_small(it) else "no"])
    share = 100 * small / len(bugs)
    return ["## Made small", "",
            "The first file of each bug under its own strategy, by `throwsplit minimize`."
            f" Small: at most {GOROUTINES_FEW} goroutines and {ROWS_FEW} rows of schedule."
            f" {small} of {len(bugs)} are, {share:.0f} % (wanted: {SHARE_WANTED} %).", "",
            *table(["bug", "goroutines", "ops", "faults", "schedule rows", "runs", "s", "small"],
                   rows)]


def page(told, options):
    lines = intro(told, options) + not_run(told) + overview(told, options) + side_by_side(told)
    lines += windows(told) + missed(told) + false_finds(told) + minimized(told)
    for strategy in told["strategies"]:
        lines += of_strategy(told, strategy)
    return "\n".join(lines).rstrip("\n") + "\n"
