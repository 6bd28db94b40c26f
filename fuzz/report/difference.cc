// A difference between two runs of one input, in words.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/report/difference.h"

#include <string>

#include "fuzz/report/names.h"

namespace throwsplit::fuzz {

namespace {

std::string side(const char* which, const std::optional<StepTaken>& step) {
  std::string text = std::string("  ") + which + ": ";
  if (!step) return text + "had ended\n";
  return text + "thread " + std::to_string(step->carrier) + " at " + site_name(step->site) +
         " of object " + std::to_string(step->object) + ", " + std::to_string(step->now_ns) +
         " ns\n";
}

}  // namespace

std::string difference_text(const Difference& difference) {
  return "at step " + std::to_string(difference.step) + "\n" +
         side("the first run", difference.first) + side("the second", difference.second);
}

}  // namespace throwsplit::fuzz
