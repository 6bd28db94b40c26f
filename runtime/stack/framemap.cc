// Frame maps: sorted tables of code ranges, replaced as a whole, searched without a lock.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/stack/framemap.h"

#include "runtime/base/atomic.h"
#include "runtime/os/os.h"
#include "runtime/stack/frame_search.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

// Memory from the kernel, in which tables stand one behind the other.
struct FrameChunk {
  FrameChunk* older;
  size_t bytes;
  size_t used;
};
static_assert(sizeof(FrameChunk) % alignof(FrameTable) == 0);

namespace {

struct Runtime {};

constexpr size_t kChunkBytes = 16 * 1024;

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

// Of the first range that begins there or above.
uint32_t code_place(const FrameTable* table, uintptr_t begin) {
  uint32_t low = 0;
  uint32_t high = table->count;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    if (table->codes()[middle].begin < begin) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool overlaps(const FrameTable* table, const FrameCode& code) {
  const uint32_t place = code_place(table, code.begin);
  if (place > 0 && table->codes()[place - 1].end > code.begin) return true;
  return place < table->count && table->codes()[place].begin < code.end;
}

// Null: the kernel refuses memory.
FrameTable* make_table(FrameMaps* maps, uint32_t count) {
  const size_t bytes = bytes_of(count);
  FrameChunk* chunk = maps->chunks;
  if (chunk == nullptr || chunk->bytes - chunk->used < bytes) {
    const size_t want = sizeof(FrameChunk) + bytes;
    const size_t whole = (want + kChunkBytes - 1) / kChunkBytes * kChunkBytes;
    chunk = static_cast<FrameChunk*>(os_alloc(whole));
    if (chunk == nullptr) return nullptr;
    *chunk = {maps->chunks, whole, sizeof(FrameChunk)};
    maps->chunks = chunk;
  }
  auto* table = reinterpret_cast<FrameTable*>(reinterpret_cast<uintptr_t>(chunk) + chunk->used);
  chunk->used += bytes;
  table->larger = nullptr;
  table->count = 0;
  return table;
}

// Sorts the ranges of another table in, from the end: there is room.
void merge(FrameTable* into, const FrameTable* from) {
  uint32_t mine = into->count;
  uint32_t theirs = from->count;
  into->count += theirs;
  for (uint32_t at = into->count; theirs != 0; at--) {
    const bool take_mine =
        mine != 0 && into->codes()[mine - 1].begin > from->codes()[theirs - 1].begin;
    into->codes()[at - 1] = take_mine ? into->codes()[--mine] : from->codes()[--theirs];
  }
}

const char* table_wrong(const FrameMaps& maps, const FrameTable* table) {
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

}  // namespace

const char* framemaps_add(FrameMaps* maps, const FrameCode& code) {
  if (const char* wrong = code_wrong(code)) return wrong;
  for (const FrameTable* each = maps->table; each != nullptr; each = each->larger) {
    if (overlaps(each, code)) return "code ranges overlap";
  }
  uint32_t count = 1;
  const FrameTable* larger = maps->table;
  for (; larger != nullptr && larger->count <= count; larger = larger->larger)
    count += larger->count;
  FrameTable* table = make_table(maps, count);
  if (table == nullptr) return "no memory for frame maps";
  table->codes()[0] = code;
  table->count = 1;
  for (const FrameTable* each = maps->table; each != larger; each = each->larger)
    merge(table, each);
  table->larger = larger;
  atomic_store<release>(&maps->table, table);
  return nullptr;
}

const FrameMap* framemaps_find(const FrameMaps& maps, uintptr_t pc) {
  return search_frames<Runtime>(atomic_load<acquire>(&maps.table), pc);
}

const char* framemaps_verify(const FrameMaps& maps) {
  const FrameTable* table = atomic_load<acquire>(&maps.table);
  for (; table != nullptr; table = table->larger) {
    if (const char* wrong = table_wrong(maps, table)) return wrong;
    if (table->larger != nullptr && table->larger->count < 2 * table->count) {
      return "a table is not twice as large as the one before it";
    }
  }
  return nullptr;
}

void framemaps_free(FrameMaps* maps) {
  maps->table = nullptr;
  while (FrameChunk* chunk = maps->chunks) {
    maps->chunks = chunk->older;
    os_free(chunk, chunk->bytes);
  }
}

size_t framemaps_bytes(const FrameMaps& maps) {
  size_t bytes = 0;
  for (const FrameChunk* chunk = maps.chunks; chunk != nullptr; chunk = chunk->older)
    bytes += chunk->bytes;
  return bytes;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
