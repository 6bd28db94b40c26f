// The sizes in which small objects come: multiples of 16 up to 128, then four a doubling.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/base/flavour.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

inline constexpr uint32_t kSizeClasses = 32;
inline constexpr size_t kSmallBytesMax = 8 * 1024;
inline constexpr size_t kObjectAlignBytes = 16;

// Needs: 1 <= bytes <= kSmallBytesMax.
constexpr uint32_t size_class_of(size_t bytes) {
  if (bytes <= 128) return static_cast<uint32_t>((bytes + 15) / 16 - 1);
  const uint32_t power = 63 - static_cast<uint32_t>(__builtin_clzll(bytes - 1));
  const size_t quarter = (bytes - 1 - (size_t{1} << power)) >> (power - 2);
  return 8 + (power - 7) * 4 + static_cast<uint32_t>(quarter);
}

constexpr size_t size_class_bytes(uint32_t index) {
  if (index < 8) return (index + 1) * size_t{16};
  const uint32_t power = 7 + (index - 8) / 4;
  return (size_t{1} << power) + ((index - 8) % 4 + 1) * (size_t{1} << (power - 2));
}

static_assert(size_class_of(1) == 0 && size_class_of(16) == 0 && size_class_of(17) == 1);
static_assert(size_class_of(128) == 7 && size_class_of(129) == 8 && size_class_of(160) == 8);
static_assert(size_class_of(kSmallBytesMax) == kSizeClasses - 1);
static_assert(size_class_bytes(kSizeClasses - 1) == kSmallBytesMax);

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
