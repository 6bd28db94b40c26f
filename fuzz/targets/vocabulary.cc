// What the mutators of this build draw from: every site and point, and the strategies it has.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/explore/explore.h"
#include "fuzz/report/names.h"
#include "fuzz/targets/targets.h"

namespace throwsplit::fuzz {

namespace {
bool programs_are_mapped = false;
}

void target_programs_are_mapped() { programs_are_mapped = true; }

const Vocabulary& target_vocabulary() {
  static const Vocabulary words = [] {
    Vocabulary made = vocabulary();
    made.strategies = built_strategies();
    made.mapped = programs_are_mapped;
    return made;
  }();
  return words;
}

}  // namespace throwsplit::fuzz
