// SHA-1, because libFuzzer names the file of a crash by it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace throwsplit::fuzz {

// 40 lower-case digits. For names only: nothing here needs it to be secure.
std::string sha1_hex(std::span<const uint8_t> bytes);

}  // namespace throwsplit::fuzz
