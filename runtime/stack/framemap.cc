// Frame maps: a sorted table of code ranges, replaced as a whole, searched without a lock.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/stack/framemap.h"

#include "runtime/base/atomic.h"
#include "runtime/os/os.h"
#include "runtime/stack/frame_search.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

struct Runtime {};

size_t bytes_of(uint32_t count) { return sizeof(FrameTable) + count * sizeof(FrameCode); }

// A word of the bitmap that lies in the frame's last group of 64 and beyond its end.
bool overhangs(const uint64_t* words, uint32_t bits) {
  return words != nullptr && bits % 64 != 0 && words[bits / 64] >> (bits % 64) != 0;
}

const char* map_wrong(const FrameMap& map) {
  if (map.bytes == 0 || map.bytes % 8 != 0) return "a frame's bytes are no multiple of 8";
  if (map.bytes > kFrameBytesMax) return "a frame is larger than 1 MiB";
  const uint32_t words = map.bytes / 8;
  if (overhangs(map.stack_words, words) || overhangs(map.heap_words, words)) {
    return "a frame map marks words beyond its frame";
  }
  if (frame_bit(map.stack_words, words - 1) || frame_bit(map.heap_words, words - 1)) {
    return "a frame map marks the return address as a pointer";
  }
  for (uint32_t i = 0; i < (words + 63) / 64; i++) {
    if (map.stack_words == nullptr || map.heap_words == nullptr) break;
    if ((map.stack_words[i] & map.heap_words[i]) != 0) {
      return "a frame map marks a word as both kinds of pointer";
    }
  }
  return nullptr;
}

const char* code_wrong(const FrameCode& code) {
  if (code.begin == 0 || code.begin >= code.end) return "a code range is empty";
  if (code.count == 0 || code.maps == nullptr) return "a code range comes without maps";
  for (uint32_t i = 0; i < code.count; i++) {
    const FrameMap& map = code.maps[i];
    // Above begin: no call ends before the first instruction.
    if (map.pc <= code.begin || map.pc > code.end) return "a return address is outside its range";
    if (i != 0 && code.maps[i - 1].pc >= map.pc) return "return addresses are not sorted";
    if (const char* wrong = map_wrong(map)) return wrong;
  }
  return nullptr;
}

}  // namespace

const char* framemaps_add(FrameMaps* maps, const FrameCode& code) {
  if (const char* wrong = code_wrong(code)) return wrong;
  FrameTable* old = maps->table;
  const uint32_t count = old == nullptr ? 0 : old->count;
  uint32_t place = 0;
  for (; place < count && old->codes()[place].begin < code.begin; place++) {
  }
  if (place > 0 && old->codes()[place - 1].end > code.begin) return "code ranges overlap";
  if (place < count && old->codes()[place].begin < code.end) return "code ranges overlap";
  auto* table = static_cast<FrameTable*>(os_alloc(bytes_of(count + 1)));
  if (table == nullptr) return "no memory for frame maps";
  table->older = old;
  table->count = count + 1;
  for (uint32_t i = 0; i < count; i++)
    table->codes()[i + (i >= place)] = old->codes()[i];
  table->codes()[place] = code;
  atomic_store<release>(&maps->table, table);
  return nullptr;
}

const FrameMap* framemaps_find(const FrameMaps& maps, uintptr_t pc) {
  return search_frames<Runtime>(atomic_load<acquire>(&maps.table), pc);
}

const char* framemaps_verify(const FrameMaps& maps) {
  const FrameTable* table = atomic_load<acquire>(&maps.table);
  if (table == nullptr) return nullptr;
  for (uint32_t i = 0; i < table->count; i++) {
    const FrameCode& code = table->codes()[i];
    if (const char* wrong = code_wrong(code)) return wrong;
    if (i != 0 && table->codes()[i - 1].end > code.begin) return "code ranges overlap";
    for (uint32_t j = 0; j < code.count; j++) {
      if (framemaps_find(maps, code.maps[j].pc) != &code.maps[j]) return "a map is not found";
    }
  }
  return nullptr;
}

void framemaps_free(FrameMaps* maps) {
  for (FrameTable* table = maps->table; table != nullptr;) {
    FrameTable* older = table->older;
    os_free(table, bytes_of(table->count));
    table = older;
  }
  maps->table = nullptr;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
