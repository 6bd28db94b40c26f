// What the mutators of this build draw from: every site and point, and the strategies it has.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/explore/explore.h"
#include "fuzz/report/names.h"
#include "fuzz/targets/targets.h"

namespace throwsplit::fuzz {

const Vocabulary& target_vocabulary() {
  static const Vocabulary words = [] {
    Vocabulary made = vocabulary();
    made.strategies = built_strategies();
    return made;
  }();
  return words;
}

}  // namespace throwsplit::fuzz
