// What the fuzz targets share: runs whose coverage an engine sees.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fuzz/run/run.h"

namespace throwsplit::fuzz {

// Runs the input; moves, points and switches between carriers go to libFuzzer's extra counters.
Outcome run_counted(const Input& input);

// What all runs of this process reached together.
const Coverage& coverage_so_far();

}  // namespace throwsplit::fuzz
