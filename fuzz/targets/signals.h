// The engine's signals beside simulated stacks: where its handlers run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace throwsplit::fuzz {

// From now on every handler that is installed runs on an alternate stack, at the first call; later
// calls do nothing. To be called with the first input: engines install theirs after
// LLVMFuzzerInitialize. Why: an alarm strikes wherever the run is, and that is mostly a goroutine's
// stack, whose reserve is counted in bytes; the kernel alone saves more there than a small one
// has.
void take_signals_aside();

}  // namespace throwsplit::fuzz
