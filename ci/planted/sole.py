# What each oracle alone sees: rows of fuzz/mutants/sole, and the trial that proves them.
# SPDX-License-Identifier: Apache-2.0
import os
import shutil

from planted import manifest
from planted.cells import RUNS_MAX, Shot

COLUMNS = "oracle name seed".split()


def read(root, rows):
    """Rows of the manifest with an oracle and a program of their own, and what is wrong."""
    found, complaints = [], []
    for number, line in enumerate(manifest.read_text(manifest.folder(root),
                                                     "sole").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("|")]
        row = next((row for row in rows if row["name"] in cells[1:2]), None)
        if len(cells) != len(COLUMNS) or row is None:
            complaints.append(f"fuzz/mutants/sole:{number}: a row is `{' | '.join(COLUMNS)}`,"
                              " and the name is one of the manifest")
            continue
        if not manifest.read_text(root, "corpus", cells[2] + ".prog"):
            complaints.append(f"fuzz/mutants/sole:{number}: corpus/{cells[2]}.prog does not exist")
        found.append(dict(row, oracle=cells[0], seed=cells[2]))
    return found, complaints


def try_one(row, program, seed_file, folder, seeds, budget):
    """(found by its oracle, what others found with that one looking away), over all seeds."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    shot = Shot(program, seed_file, row["strategy"], [], False)
    blind = Shot(program, seed_file, row["strategy"], [], False, without=row["oracle"])
    found, others = 0, set()
    for seed in range(1, seeds + 1):
        found += shot.fire(seed, RUNS_MAX, budget, folder)["oracle"] == row["oracle"]
        other = blind.fire(seed, RUNS_MAX, budget, folder)
        if other["oracle"]:
            others.add(f"{other['oracle']}: {other['text']}")
    return found, sorted(others)


def hold(root, rows, space, work, names, seeds, budget):
    """Prints a line an oracle; how many there are, and how many alone see their bug."""
    wanted = [row for row in read(root, rows)[0]
              if not names or row["name"] in names or row["oracle"] in names]
    good = 0
    for row in wanted:
        program = space.build(row, row["build"])["throwsplit-sim"]
        seed_file = space.snapshot.path(os.path.join("corpus", row["seed"] + ".prog"))
        folder = os.path.join(work, "findings", f"sole-{row['oracle']}")
        found, others = try_one(row, program, seed_file, folder, seeds, budget)
        fine = found == seeds and not others
        good += fine
        print(f"{row['oracle']:<5} {row['name']:<22} {found:>2} of {seeds:<2}  without it: "
              f"{'; '.join(others) or 'nothing'}{'' if fine else '   <-- not as it should be'}",
              flush=True)
    return len(wanted), good
