// From an input to its bytes, in the version this build writes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fuzz/input/input.h"

namespace throwsplit::fuzz {

// A file with magic, version and all sections. decode(encode(x)) == x for every valid x; an invalid
// one is folded first. Equal inputs have equal bytes.
std::vector<std::uint8_t> encode(const Input& input);

// The short form without magic and lengths, for inputs that must fit a few bytes.
// decode(encode_raw(x)) == x likewise.
std::vector<std::uint8_t> encode_raw(const Input& input);

// Bytes of encode(Input{}): no file is shorter.
inline constexpr std::size_t kEncodedBytesMin = 4 + 1 + 5 * 5 + 7 + 11;

}  // namespace throwsplit::fuzz
