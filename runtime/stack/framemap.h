// Frame maps: what code that comes with maps (a compiler, a JIT) tells the runtime of its frames.
// SPDX-License-Identifier: Apache-2.0
//
// A stack moves only if every word of it is known. So for each return address that can stand on a
// mapped stack its owner says how large the frame is, which words point into the stack and which
// are pointers to the heap. Rejected: guessing from the words (it corrupts 5 to 10 % of runs at
// -O0).
//
//   sp + bytes  +----------------------+
//               | return address       |  word bytes/8 - 1: where this frame returns to
//               | saved rbp            |  if it keeps one: a word that points into the stack
//               | slots                |
//   sp          +----------------------+  word 0: where rsp stood once the callee had returned to
//   pc
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/base/flavour.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

inline constexpr uint32_t kFrameBytesMax = 1 << 20;

struct FrameMap {
  uintptr_t pc = 0;    // the return address, within its code range
  uint32_t bytes = 0;  // a multiple of 8, the return address among them
  // A bit a word, lowest first, (bytes / 8 + 63) / 64 words each. Null: none set.
  const uint64_t* stack_words = nullptr;  // point into the stack, or are null
  const uint64_t* heap_words = nullptr;   // point into the heap, or are null
  // Some words may be pointers and nobody knows which: a stack that holds this frame cannot move.
  bool unknown = false;
};

// A range of code and the maps of its return addresses, sorted by pc. Memory stays its owner's and
// may not change while the World lives.
struct FrameCode {
  const char* name = "";
  uintptr_t begin = 0;
  uintptr_t end = 0;  // a return address may equal it: a call can be the last instruction
  const FrameMap* maps = nullptr;
  uint32_t count = 0;
};

struct FrameTable;
struct FrameChunk;

inline constexpr size_t kOwnFrames = 9;

// The registered ranges of a World: a few sorted tables, each at least twice what is before it. A
// registration makes one table of itself and of those that are no larger than what it is by then,
// so n of them cost n log n, in whatever order addresses come. Readers take no lock: the whole list
// is published at once, and what it was before lives as long as the World.
struct FrameMaps {
  FrameTable* table = nullptr;   // the smallest
  FrameChunk* chunks = nullptr;  // memory of all tables there ever were, the newest first
  FrameMap own[kOwnFrames];      // of the runtime's own frames (own_frames.cc)
};

// Registers a range. Needs: no other registration at the same time (runtime.h: register_frames
// takes the lock). Null, or why it was refused; nothing has changed then.
const char* framemaps_add(FrameMaps* maps, const FrameCode& code);

// The map of a return address, or null: no code with maps returns there.
const FrameMap* framemaps_find(const FrameMaps& maps, uintptr_t pc);

// Null, or what is wrong with the table as it stands. O(n).
const char* framemaps_verify(const FrameMaps& maps);

void framemaps_free(FrameMaps* maps);

// Memory that tables take, old ones too.
size_t framemaps_bytes(const FrameMaps& maps);

inline bool frame_bit(const uint64_t* words, uint32_t index) {
  return words != nullptr && (words[index / 64] >> (index % 64) & 1) != 0;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
