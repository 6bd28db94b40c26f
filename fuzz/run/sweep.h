// The sweep: every attempt of a program that may fail is made to fail once, one a run.
// SPDX-License-Identifier: Apache-2.0
//
// Count, then fail each n-th: for each fault of the kernel and each injection point that is an
// attempt, run with exactly its first visit failing, then exactly the second, until a run comes by
// none. Random plans find what two failures do together; this finds what one does, wherever it
// falls.
#pragma once

#include <cstdint>
#include <functional>

#include "fuzz/run/run.h"
#include "inject/fail_term.h"

namespace throwsplit::fuzz {

struct Sweep {
  uint64_t runs = 0;   // with a failure in each
  uint32_t sites = 0;  // faults and points that were come by at all
  bool whole = true;   // false: a site had more visits than visits_max
};

// The plan of the input is replaced. `each` sees the input of each run and what came of it, and
// says whether to go on. visits_max: of each site.
Sweep sweep(const Input& input, uint32_t visits_max,
            const std::function<bool(const Input&, const Outcome&)>& each);

}  // namespace throwsplit::fuzz
