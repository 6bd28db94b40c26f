# The planted bugs: the rows of fuzz/mutants/manifest, their patches, and what must hold of both.
# SPDX-License-Identifier: Apache-2.0
import os
import re
import subprocess

COLUMNS = "name origin files oracle seed strategy window build verdict sentence".split()
WINDOW = COLUMNS.index("window")
NO_WINDOW = "-"
CANARIES = ["kCanaryReached", "kCanaryTriggered"]
BUILDS = ["release", "tsan"]
# Ops by which a program asks for stops and turns of its own: a bug that needs a window may not be
# come by through them.
OWN_STOPS = ["stw", "preempt"]


def folder(root):
    return os.path.join(root, "fuzz", "mutants")


def read_text(*path):
    try:
        with open(os.path.join(*path), encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def read(root):
    """The rows, and what is wrong with lines that are none."""
    rows, complaints = [], []
    for number, line in enumerate(read_text(folder(root), "manifest").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == len(COLUMNS) - 1:
            cells.insert(WINDOW, NO_WINDOW)
        if len(cells) != len(COLUMNS):
            complaints.append(f"fuzz/mutants/manifest:{number}: a row is `{' | '.join(COLUMNS)}`")
            continue
        rows.append(dict(zip(COLUMNS, cells)))
    return rows, complaints


def patch_of(root, row):
    return row.get("patch") or os.path.join(folder(root), row["name"] + ".patch")


def apply_patch(root, row, target, dry=False):
    command = ["patch", "-p1", "--fuzz=0", "--batch", "--forward", "--no-backup-if-mismatch",
               "-r", "-", "-i", patch_of(root, row)] + (["--dry-run"] if dry else [])
    return subprocess.run(command, cwd=target, capture_output=True, text=True, check=False)


def windows(root):
    return re.findall(r'^WINDOW\(\w+, "([\w-]+)"', read_text(root, "inject", "window.def"), re.M)


def strategies(root):
    """Those that are built: one that only has a row would run as `keep`."""
    text = read_text(root, "fuzz", "input", "strategy.def")
    built = re.search(r"\bkBuilt\[\] = \{(.*?)\}",
                      read_text(root, "fuzz", "explore", "explore.cc"), re.S)
    known = re.findall(r"\bStrategy::k(\w+)", built.group(1)) if built else []
    return [name for camel, name in re.findall(r'^STRATEGY\(\d+, (\w+), "(\w+)"', text, re.M)
            if camel in known]


def check_patch(root, row):
    name, complaints = row["name"], []
    patch = read_text(patch_of(root, row))
    if not patch:
        return [f"{name}: fuzz/mutants/{name}.patch does not exist"]
    for canary in CANARIES:
        if not re.search(rf"^\+.*trace\(Event::canary, {canary}\)", patch, re.M):
            complaints.append(f"{name}: the patch never says {canary}")
    touched = sorted(re.findall(r"^\+\+\+ b/(\S+)", patch, re.M))
    if touched != sorted(row["files"].split()):
        complaints.append(f"{name}: the patch touches {' '.join(touched)}")
    result = apply_patch(root, row, root, dry=True)
    if result.returncode != 0:
        complaints.append(f"{name}: the patch does not apply: {result.stdout.strip()}")
    return complaints


def check_cells(root, row):
    name, complaints = row["name"], []
    for column, known in (("strategy", strategies(root)), ("build", BUILDS),
                          ("window", [NO_WINDOW, *windows(root)]),
                          ("verdict", ["found", "missed"])):
        if row[column] not in known:
            complaints.append(f"{name}: no {column} `{row[column]}`; there are {' '.join(known)}")
    program = read_text(root, "corpus", row["seed"] + ".prog")
    if not program:
        complaints.append(f"{name}: the seed corpus/{row['seed']}.prog does not exist")
    own = [op for op in OWN_STOPS if re.search(rf"^\s+{op}\b", program, re.M)]
    if row["window"] != NO_WINDOW and own:
        complaints.append(f"{name}: the bug is to need window {row['window']}, and its program has"
                          f" `{own[0]}` of its own")
    return complaints


def check(root):
    """(rows, complaints): what the trial may be held with, and why it may not."""
    rows, complaints = read(root)
    names = [row["name"] for row in rows]
    for row in rows:
        if names.count(row["name"]) > 1:
            complaints.append(f"{row['name']}: two rows have this name")
        complaints += check_cells(root, row) + check_patch(root, row)
    for window in windows(root):
        if not any(row["window"] == window and row["verdict"] == "found" for row in rows):
            complaints.append(f"window {window}: no planted bug needs it")
    known = {name + ".patch" for name in names} | {"manifest", "sole"}
    for name in sorted(set(os.listdir(folder(root))) - known):
        complaints.append(f"fuzz/mutants/{name}: no row of the manifest names it")
    return rows, complaints
