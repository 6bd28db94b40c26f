// Memory and stacks that the simulated kernel hands out: kept by the process, used again.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "runtime/arch/arch.h"

namespace throwsplit::inject {

// One mapping. Blocks up to kKeptBytesMax are never unmapped but wait for the next asker of the
// same size and kind; AddressSanitizer sees a waiting one as poisoned.
struct Block {
  uintptr_t base = 0;
  size_t bytes = 0;
  bool is_stack = false;
  bool in_use = false;
  uintptr_t fence = 0;  // the range that faults; 0 bytes: none
  size_t fence_bytes = 0;
  SanContext san;
  Block* next_free = nullptr;
};

class Memory {
 public:
  // Zeroed when `is_stack` is false. A used stack keeps its fence: stacks of one size have one
  // fence. Null: the real kernel has no memory.
  Block* take(size_t bytes, bool is_stack);
  // Needs: `base` is the start of a block in use. `san`: what is known of a stack.
  void give_back(void* base, bool is_stack, const SanContext* san);
  bool fence(void* start, size_t bytes);
  void unfence(void* start);
  // Unmaps what waits.
  void trim();

 private:
  static constexpr size_t kKeptBytesMax = 1 << 20;

  Block* map_fresh(size_t bytes, bool is_stack);
  void unmap(Block* block);
  Block* containing(void* start);

  std::map<uintptr_t, Block> blocks_;
  std::map<std::pair<size_t, bool>, Block*> free_;
};

}  // namespace throwsplit::inject
