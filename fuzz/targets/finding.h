// The end of a fuzz target that found something: the report, then death for the engine to see.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "fuzz/input/input.h"
#include "fuzz/run/twice.h"

namespace throwsplit::fuzz {

// Remembers where the engine will write the input of a crash, for the report's last line.
void learn_arguments(int argc, char** argv);
// The file that is being run, where the caller knows it; "" forgets.
void learn_file(const std::string& path);
// There is no engine to write that file: whoever dies here writes it first.
void save_crashes();
// The file that will hold these bytes once the process died.
std::string crash_file(std::span<const uint8_t> bytes);

// Prints the report to stderr, then dies. The name holds "assert" on purpose: crash deduplication
// then shows the caller's frame.
[[noreturn]] void finding_assert_failed(const Input& input, std::span<const uint8_t> bytes);

// The same for an input that ran in two ways.
[[noreturn]] void difference_assert_failed(const Difference& difference,
                                           std::span<const uint8_t> bytes);

// The report alone.
std::string finding_report(const Input& input, const std::string& file);

}  // namespace throwsplit::fuzz
