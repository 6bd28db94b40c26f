// How a map is found: the tables of frame maps, and the search in them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/base/nosplit.h"
#include "runtime/stack/framemap.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

// Its ranges stand behind it, sorted by begin. Once published it does not change.
struct FrameTable {
  const FrameTable* larger = nullptr;  // the next one to look in
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
const FrameCode* search_table(const FrameTable* table, uintptr_t pc) {
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
  return &table->codes()[low - 1];
}

template <typename Who>
const FrameMap* search_code(const FrameCode& code, uintptr_t pc) {
  uint32_t low = 0;
  uint32_t high = code.count;
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

template <typename Who>
const FrameMap* search_frames(const FrameTable* table, uintptr_t pc) {
  for (; table != nullptr; table = table->larger) {
    const FrameCode* code = search_table<Who>(table, pc);
    if (code != nullptr) return search_code<Who>(*code, pc);
  }
  return nullptr;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
