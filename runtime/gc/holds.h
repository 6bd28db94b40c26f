// What a collected object may hold.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "runtime/base/flavour.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

// Words, each of which may be a pointer to another object, or only bytes.
enum class GcHolds : uint8_t { words, bytes };

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
