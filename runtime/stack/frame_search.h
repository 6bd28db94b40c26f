// How a map is found: one version of the table of frame maps, and the search in it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/base/nosplit.h"
#include "runtime/stack/framemap.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

// In memory from the kernel, its ranges behind it, sorted by begin.
struct FrameTable {
  FrameTable* older = nullptr;
  uint32_t count = 0;
  FrameCode* codes() { return reinterpret_cast<FrameCode*>(this + 1); }
  ALWAYS_INLINE const FrameCode* codes() const {
    return reinterpret_cast<const FrameCode*>(this + 1);
  }
};
static_assert(sizeof(FrameTable) % alignof(FrameCode) == 0);

// The map of a return address, or null. `Who` is a type of the caller's own: oracles look from
// between two steps, in code that ThreadSanitizer does not see, and may share no function with code
// that it does.
template <typename Who>
const FrameMap* search_frames(const FrameTable* table, uintptr_t pc) {
  if (table == nullptr) return nullptr;
  // The last range that begins below pc.
  uint32_t low = 0;
  uint32_t high = table->count;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    if (table->codes()[middle].begin < pc) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0 || pc > table->codes()[low - 1].end) return nullptr;
  const FrameCode& code = table->codes()[low - 1];
  low = 0;
  high = code.count;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    if (code.maps[middle].pc < pc) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < code.count && code.maps[low].pc == pc ? &code.maps[low] : nullptr;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
