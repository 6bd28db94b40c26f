// How the simulator dies when its own rules are broken: it stands below the runtime and its CHECK.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/base/nosplit.h"

namespace throwsplit::inject {

// Prints "ASSERTION FAILED: <text>" and aborts the process. The name holds "assert" so that crash
// deduplication shows the caller's frame.
[[noreturn]] COLD void sim_assert_failed(const char* text);

}  // namespace throwsplit::inject

#define SIM_ASSERT(condition)                                                                      \
  do {                                                                                             \
    if (UNLIKELY(!(condition))) ::throwsplit::inject::sim_assert_failed("simulator: " #condition); \
  } while (0)
