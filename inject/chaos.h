// Chaos mode: injection points on real threads, armed by THROWSPLIT_INJECT.
// SPDX-License-Identifier: Apache-2.0
//
//   THROWSPLIT_INJECT="entersyscall_gcwait=10%sleep(50us);exitsyscall_own_p=1%fail"
//   THROWSPLIT_INJECT_SEED=7
//
// The plan is read once, when the first M starts. Each M counts visits and throws the die on its
// own, so what one M meets depends on the seed and on its number in order of start, not on the
// others.
#pragma once

#include <cstdint>

namespace throwsplit::inject {

// What the threads of this process met so far, together. For tests and reports.
struct ChaosCounts {
  uint64_t threads = 0;  // Ms that were armed
  uint64_t fired = 0;    // visits at which something happened
};
ChaosCounts chaos_counts();

}  // namespace throwsplit::inject
