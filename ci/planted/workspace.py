# Copies of the sources in which bugs are planted and built; the work tree is never touched.
# SPDX-License-Identifier: Apache-2.0
"""One Workspace serves one worker. What a patch does not change is not built again; what several
workspaces share is the snapshot they are all made from, so that all mutants of one trial come from
the same sources, whatever is edited meanwhile."""
import filecmp
import hashlib
import os
import shutil
import subprocess

from planted import manifest

COPIED = ["CMakeLists.txt", "ci", "runtime", "inject", "fuzz", "corpus"]
COMPILER = "clang++-19"
NEEDED = ["patch", "cmake", "ninja", COMPILER, "lld-19"]
PROGRAMS = ["throwsplit-sim", "throwsplit-chaos"]  # campaigns, stress
FLAGS = {
    "release": ["-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -gline-tables-only"],
    "tsan": ["-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O1 -gline-tables-only",
             "-DTHROWSPLIT_SANITIZE=thread"],
    # As the presets of these names.
    "fuzz": ["-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O2 -gline-tables-only",
             "-DTHROWSPLIT_SANITIZE=address,undefined", "-DTHROWSPLIT_LIBFUZZER=ON"],
    "fuzz-tsan": ["-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O2 -gline-tables-only",
                  "-DTHROWSPLIT_SANITIZE=thread", "-DTHROWSPLIT_LIBFUZZER=ON"],
}
UNBROKEN = "unbroken"


class Refused(Exception):
    """What the outside lacks, in one line (and perhaps the words of a compiler)."""


def check_tools(needed):
    missing = [tool for tool in needed if shutil.which(tool) is None]
    if missing:
        raise Refused(f"missing: {' '.join(missing)}; ci/setup installs them")


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def files_of(root, names=None):
    found = set()
    for name in names or COPIED:
        path = os.path.join(root, name)
        if os.path.isfile(path):
            found.add(name)
        for folder, folders, names in os.walk(path):
            folders[:] = [each for each in folders if each != "__pycache__"]
            found |= {os.path.relpath(os.path.join(folder, each), root) for each in names}
    return found


def copy_sources(source, target, names=None):
    """Only what differs, so that only what changed is built anew."""
    wanted = files_of(source, names)
    for name in wanted:
        old, new = os.path.join(source, name), os.path.join(target, name)
        if os.path.exists(new) and filecmp.cmp(old, new, shallow=False):
            continue
        os.makedirs(os.path.dirname(new), exist_ok=True)
        shutil.copyfile(old, new)
        shutil.copymode(old, new)
    for name in files_of(target, names) - wanted:
        os.remove(os.path.join(target, name))


class Snapshot:
    """The sources as they were when the trial began."""

    def __init__(self, root, work):
        self.folder = os.path.join(work, "snapshot")
        os.makedirs(self.folder, exist_ok=True)
        copy_sources(root, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def digest(self, *trees, files=()):
        """Of all files under these trees, and of some single ones."""
        sum_ = hashlib.sha256()
        for name in sorted(files_of(self.folder)):
            if name.startswith(tuple(trees)) or name in files:
                sum_.update(name.encode() + b"\0")
                with open(self.path(name), "rb") as file:
                    sum_.update(hashlib.sha256(file.read()).digest())
        return sum_.hexdigest()


class Workspace:
    def __init__(self, snapshot, work, name, jobs):
        self.snapshot = snapshot
        self.bin = os.path.join(work, "bin")
        self.folder = os.path.join(work, name)
        self.sources = os.path.join(self.folder, "src")
        self.jobs = jobs

    def build(self, row, kind, targets=PROGRAMS[:1]):
        """Builds a mutant (row None: the unbroken runtime); its programs by target."""
        name = row["name"] if row else UNBROKEN
        copy_sources(self.snapshot.folder, self.sources)
        if row is not None:
            result = manifest.apply_patch(self.snapshot.folder, row, self.sources)
            if result.returncode != 0:
                raise Refused(f"{name}: the patch does not apply: {result.stdout.strip()}")
        # Those of a preset lie as the preset's own do, so that a compiler cache knows them.
        is_preset = kind in ("fuzz", "fuzz-tsan")
        objects = os.path.join(*([self.sources, "build"] if is_preset else [self.folder]), kind)
        if not os.path.exists(os.path.join(objects, "build.ninja")):
            result = run(["cmake", "-G", "Ninja", "-S", self.sources, "-B", objects,
                          f"-DCMAKE_CXX_COMPILER={COMPILER}", "-DTHROWSPLIT_LINKER=lld",
                          "-DTHROWSPLIT_TESTS=OFF", *FLAGS[kind]])
            if result.returncode != 0:
                raise Refused(f"cmake failed\n{result.stdout}{result.stderr}")
        result = run(["cmake", "--build", objects, "-j", str(self.jobs), "--target", *targets])
        if result.returncode != 0:
            raise Refused(f"the build of {name} ({kind}) failed\n{result.stdout[-4000:]}")
        programs = {}
        os.makedirs(self.bin, exist_ok=True)
        for target in targets:
            suffix = target.removeprefix("throwsplit") if target in PROGRAMS else "-" + target
            programs[target] = os.path.join(self.bin, f"{name}-{kind}{suffix}")
            shutil.copy(os.path.join(objects, "bin", target), programs[target])
        return programs
