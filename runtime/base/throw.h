// How the runtime dies: throw_ with a constant reason, one call site a message.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "runtime/base/flavour.h"
#include "runtime/base/nosplit.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

// Prints "fatal error: <reason>", the state of the scheduler and every goroutine's last known
// place, and ends the program (in the simulator: the run). Hops to the system stack first, so that
// it may be called from nosplit code with the guard poisoned. Needs: `reason` is a constant; it
// names one call site in the whole runtime.
[[noreturn]] NOSPLIT COLD void throw_(const char* reason);

// A line of details that is to stand before the reason. Values are printed as name = decimal (hex).
struct ThrowDetail {
  const char* name;
  uint64_t value;
};
[[noreturn]] NOSPLIT COLD void throw_details(const char* reason, const ThrowDetail* details,
                                             uint32_t count);

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
