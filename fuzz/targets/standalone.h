// What standalone_main asks of a target: how its inputs are read and changed.
// SPDX-License-Identifier: Apache-2.0
//
// Defined once a target, in <target>_standalone.cc, or for all that run programs in
// program_standalone.cc; with an engine nobody asks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace throwsplit::fuzz {

using Bytes = std::vector<std::uint8_t>;

// The input that a file holds, or what is wrong with it.
std::variant<Bytes, std::string> standalone_load(const std::string& path);

// Changes an input in place. How long it is now, at most `size_max`.
std::size_t standalone_mutate(std::uint8_t* data, std::size_t size, std::size_t size_max,
                              std::uint64_t seed);

// How long made-up inputs may get.
std::size_t standalone_bytes_max();

// From now on this file is run; "": inputs that are in no file.
void standalone_running(const std::string& path);

}  // namespace throwsplit::fuzz
