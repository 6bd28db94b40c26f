# Plants each fault that a row of the manifest can have, and demands that it is complained of.
# SPDX-License-Identifier: Apache-2.0
import os
import tempfile

from planted import manifest

ROW = "one | - | runtime/a.cc | O1 | s/p | random | - | release | found | it is wrong"
WINDOWED = "two | - | runtime/a.cc | O1 | s/p | random | idle-p | release | found | it is wrong"
BARE = ROW.replace("| - | release", "| release")  # without the cell of the window
PATCH = """--- a/runtime/a.cc
+++ b/runtime/a.cc
@@ -1,2 +1,3 @@
 first
-second
+  trace(Event::canary, kCanaryReached);
+  trace(Event::canary, kCanaryTriggered);
"""
# What is changed in the good tree: (file, its text or None), and what is said of it, None: nothing.
CASES = [
    ("fuzz/mutants/manifest", f"{ROW}\n{WINDOWED}\n", None),
    ("fuzz/mutants/manifest", f"# words\n\n{BARE}\n{WINDOWED}\n", None),
    ("fuzz/mutants/manifest", f"{ROW} | more\n{WINDOWED}\n", "manifest:1: a row is `name |"),
    ("fuzz/mutants/manifest", f"{ROW}\n{ROW}\n{WINDOWED}\n", "one: two rows have this name"),
    ("fuzz/mutants/manifest", f"{ROW.replace('random', 'randon')}\n{WINDOWED}\n",
     "one: no strategy `randon`; there are random"),
    ("fuzz/mutants/manifest", f"{ROW.replace('random', 'rff')}\n{WINDOWED}\n",
     "one: no strategy `rff`; there are random"),
    ("fuzz/mutants/manifest", f"{ROW.replace('release', 'debug')}\n{WINDOWED}\n",
     "one: no build `debug`"),
    ("fuzz/mutants/manifest", f"{ROW}\n{WINDOWED.replace('idle-p', 'idle')}\n",
     "two: no window `idle`; there are - idle-p"),
    ("fuzz/mutants/manifest", f"{ROW.replace('found', 'lost')}\n{WINDOWED}\n",
     "one: no verdict `lost`"),
    ("fuzz/mutants/manifest", f"{ROW}\n{WINDOWED.replace('found', 'missed')}\n",
     "window idle-p: no planted bug needs it"),
    ("fuzz/mutants/manifest", f"{ROW}\n", "fuzz/mutants/two.patch: no row of the manifest"),
    ("fuzz/mutants/one.patch", None, "one: fuzz/mutants/one.patch does not exist"),
    ("fuzz/mutants/one.patch", PATCH.replace("kCanaryReached", "x"), "never says kCanaryReached"),
    ("fuzz/mutants/one.patch", PATCH.replace("kCanaryT", "t"), "never says kCanaryTriggered"),
    ("fuzz/mutants/one.patch", PATCH.replace("a.cc", "b.cc"), "the patch touches runtime/b.cc"),
    ("fuzz/mutants/one.patch", PATCH.replace("-second", "-third"), "the patch does not apply"),
    ("corpus/s/p.prog", None, "one: the seed corpus/s/p.prog does not exist"),
    ("corpus/s/p.prog", "body main\n  stw 1\n", "two: the bug is to need window idle-p, and"),
    ("corpus/s/p.prog", "body main\n  preempt g1\n", "its program has `preempt` of its own"),
]


def write(root, path, text):
    full = os.path.join(root, path)
    if text is None:
        os.remove(full)
        return
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8") as file:
        file.write(text)


def complaints_of(path, text):
    with tempfile.TemporaryDirectory() as root:
        write(root, "runtime/a.cc", "first\nsecond\n")
        write(root, "fuzz/input/strategy.def", 'STRATEGY(1, Random, "random", "Any.")\n'
                                               'STRATEGY(7, Rff, "rff", "Steered.")\n')
        write(root, "fuzz/explore/explore.cc",
              "  static constexpr Strategy kBuilt[] = {Strategy::kRandom};\n")
        write(root, "inject/window.def", 'WINDOW(IdleP, "idle-p", "A race.")\n')
        write(root, "corpus/s/p.prog", "body main\n  getpid fast\n")
        write(root, "fuzz/mutants/one.patch", PATCH)
        write(root, "fuzz/mutants/two.patch", PATCH)
        write(root, "fuzz/mutants/manifest", f"{ROW}\n{WINDOWED}\n")
        write(root, path, text)
        return manifest.check(root)[1]


def run():
    bad = 0
    for path, text, wanted in CASES:
        found = complaints_of(path, text)
        right = any(wanted in complaint for complaint in found) if wanted else not found
        if not right:
            print(f"self-test: {path} with {text!r}: wanted {wanted!r}, got {found}")
            bad += 1
    print(f"ci/mutants --self-test: {len(CASES) - bad} of {len(CASES)} judged right")
    return 1 if bad else 0
