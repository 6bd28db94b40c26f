// One run in a child process: what a sanitizer ends, or a signal, is an answer like any other.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fuzz/run/shrink.h"

namespace throwsplit::fuzz {

// As probe(), in a child. If the child dies, the SUMMARY line of a sanitizer is the signature, else
// the signal; goroutines and rows are those up to there. What it prints goes nowhere. A sanitizer
// that need not look up names answers much sooner: TSAN_OPTIONS=symbolize=0.
Trial probe_forked(const Input& input);
Trial probe_forked(const Input& input, inject::Watcher* also);

}  // namespace throwsplit::fuzz
