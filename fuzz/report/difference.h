// A difference between two runs of one input, in words.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "fuzz/run/twice.h"

namespace throwsplit::fuzz {

// Lines: the step, what the first run did there, what the second did.
std::string difference_text(const Difference& difference);

}  // namespace throwsplit::fuzz
