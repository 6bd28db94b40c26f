// Memory and stacks that the simulated kernel hands out: kept by the process, used again.
// SPDX-License-Identifier: Apache-2.0
#include "inject/sim/memory.h"

#include <sys/mman.h>

#include "inject/sim/assert.h"
#include "inject/sim/carrier.h"
#include "runtime/arch/layout.h"

#if THROWSPLIT_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace throwsplit::inject {

namespace {

size_t whole_pages(size_t bytes) { return (bytes + kPageBytes - 1) & ~(kPageBytes - 1); }

void poison([[maybe_unused]] const Block& block) {
#if THROWSPLIT_ASAN
  __asan_poison_memory_region(reinterpret_cast<void*>(block.base), block.bytes);
#endif
}

void unpoison([[maybe_unused]] const Block& block) {
#if THROWSPLIT_ASAN
  __asan_unpoison_memory_region(reinterpret_cast<void*>(block.base), block.bytes);
#endif
}

// Not memset: ThreadSanitizer would book the write on the host, which no carrier is ordered with.
void zero(uintptr_t base, size_t bytes) {
  asm volatile("rep stosb" : "+D"(base), "+c"(bytes) : "a"(0) : "memory");
}

}  // namespace

Block* Memory::take(size_t bytes_wanted, bool is_stack) {
  size_t bytes = whole_pages(bytes_wanted == 0 ? 1 : bytes_wanted);
  Block* block = nullptr;
  if (auto list = free_.find({bytes, is_stack}); list != free_.end() && list->second != nullptr) {
    block = list->second;
    list->second = block->next_free;
    block->next_free = nullptr;
    unpoison(*block);
    if (!is_stack) zero(block->base, block->bytes);
  } else {
    block = map_fresh(bytes, is_stack);
    if (block == nullptr) return nullptr;
  }
  block->in_use = true;
  return block;
}

Block* Memory::map_fresh(size_t bytes, bool is_stack) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  order_release(memory);  // the mapping counts as a write by the host, before any use of it
  auto base = reinterpret_cast<uintptr_t>(memory);
  Block& block = blocks_[base];
  block.base = base;
  block.bytes = bytes;
  block.is_stack = is_stack;
  return &block;
}

void Memory::give_back(void* base, bool is_stack, const SanContext* san) {
  auto found = blocks_.find(reinterpret_cast<uintptr_t>(base));
  SIM_ASSERT(found != blocks_.end());
  Block* block = &found->second;
  SIM_ASSERT(block->in_use);
  SIM_ASSERT(block->is_stack == is_stack);
  block->in_use = false;
  if (is_stack) block->san = *san;
  if (block->bytes > kKeptBytesMax || (!is_stack && block->fence_bytes != 0)) {
    if (is_stack) san_context_destroy(&block->san);
    unmap(block);
    return;
  }
  poison(*block);
  Block*& head = free_[{block->bytes, is_stack}];
  block->next_free = head;
  head = block;
}

void Memory::unmap(Block* block) {
  unpoison(*block);
  munmap(reinterpret_cast<void*>(block->base), block->bytes);
  blocks_.erase(block->base);
}

Block* Memory::containing(void* start) {
  auto above = blocks_.upper_bound(reinterpret_cast<uintptr_t>(start));
  if (above == blocks_.begin()) return nullptr;
  Block* block = &std::prev(above)->second;
  return reinterpret_cast<uintptr_t>(start) < block->base + block->bytes ? block : nullptr;
}

bool Memory::fence(void* start, size_t bytes) {
  Block* block = containing(start);
  if (block == nullptr) return mprotect(start, bytes, PROT_NONE) == 0;
  auto from = reinterpret_cast<uintptr_t>(start);
  if (block->fence == from && block->fence_bytes == bytes) return true;
  unfence(start);
  if (mprotect(start, bytes, PROT_NONE) != 0) return false;
  block->fence = from;
  block->fence_bytes = bytes;
  return true;
}

void Memory::unfence(void* start) {
  Block* block = containing(start);
  if (block == nullptr || block->fence_bytes == 0) return;
  mprotect(reinterpret_cast<void*>(block->fence), block->fence_bytes, PROT_READ | PROT_WRITE);
  block->fence_bytes = 0;
}

void Memory::trim() {
  for (auto& [key, head] : free_) {
    while (head != nullptr) {
      Block* block = head;
      head = block->next_free;
      if (block->is_stack) san_context_destroy(&block->san);
      unmap(block);
    }
  }
}

}  // namespace throwsplit::inject
