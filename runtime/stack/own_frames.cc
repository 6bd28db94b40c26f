// The runtime's own frames on mapped stacks: the stubs that mapped code calls, with their maps.
// SPDX-License-Identifier: Apache-2.0
//
// Syscall and Syscallblock keep the six arguments of a call. Any of them may point into the stack,
// and nobody knows which; so a stack that holds such a frame cannot move, and its map says so.
// Callback knows its words. Drawn in arch/amd64.S and arch/mapped_amd64.S.
#include "runtime/stack/own_frames.h"

#include <cstddef>
#include <cstdint>

#include "runtime/arch/arch.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

extern "C" {
extern const char Syscall_begin[] ASM_NAME(Syscall);
extern const char Syscall_entered[] ASM_NAME(Syscall_entered);
extern const char Syscall_called[] ASM_NAME(Syscall_called);
extern const char Syscall_exited[] ASM_NAME(Syscall_exited);
extern const char Syscallblock_begin[] ASM_NAME(Syscallblock);
extern const char Syscallblock_entered[] ASM_NAME(Syscallblock_entered);
extern const char Syscallblock_called[] ASM_NAME(Syscallblock_called);
extern const char Syscallblock_exited[] ASM_NAME(Syscallblock_exited);
extern const char Callback_foreign[] ASM_NAME(Callback_foreign);
extern const char Callback_body[] ASM_NAME(Callback_body);
extern const char Callback_foreign_again[] ASM_NAME(Callback_foreign_again);
extern const char Callback_end[] ASM_NAME(Callback_end);
}

namespace {

// A word of padding, five registers of the caller's, six arguments, saved rbp, return address; then
// also the sixth argument, pushed, and a word of padding.
constexpr uint32_t kEnteredBytes = 112;
constexpr uint32_t kCalledBytes = 128;
constexpr uint64_t kEnteredWords = uint64_t{1} << 12;
constexpr uint64_t kCalledWords = uint64_t{1} << 14;

// foreign, slot, body, arg; padding, five registers of the caller's; saved rbp, return address.
constexpr uint32_t kCallbackBytes = 96;
constexpr uint64_t kCallbackWords = uint64_t{1} << 1 | uint64_t{1} << 10;
constexpr uint64_t kCallbackHeapWords = uint64_t{0x1f} << 5;

uintptr_t address(const char* label) { return reinterpret_cast<uintptr_t>(label); }

FrameMap stub(const char* pc, uint32_t bytes, const uint64_t* words) {
  return {.pc = address(pc), .bytes = bytes, .stack_words = words, .unknown = true};
}

FrameMap callback(const char* pc) {
  return {.pc = address(pc),
          .bytes = kCallbackBytes,
          .stack_words = &kCallbackWords,
          .heap_words = &kCallbackHeapWords};
}

}  // namespace

const char* register_own_frames(FrameMaps* maps) {
  const FrameMap own[kOwnFrames] = {stub(Syscall_entered, kEnteredBytes, &kEnteredWords),
                                    stub(Syscall_called, kCalledBytes, &kCalledWords),
                                    stub(Syscall_exited, kCalledBytes, &kCalledWords),
                                    stub(Syscallblock_entered, kEnteredBytes, &kEnteredWords),
                                    stub(Syscallblock_called, kCalledBytes, &kCalledWords),
                                    stub(Syscallblock_exited, kCalledBytes, &kCalledWords),
                                    callback(Callback_foreign),
                                    callback(Callback_body),
                                    callback(Callback_foreign_again)};
  for (size_t i = 0; i < kOwnFrames; i++)
    maps->own[i] = own[i];
  const FrameCode codes[] = {
      {.name = "Syscall",
       .begin = address(Syscall_begin),
       .end = own[2].pc,
       .maps = &maps->own[0],
       .count = 3},
      {.name = "Syscallblock",
       .begin = address(Syscallblock_begin),
       .end = own[5].pc,
       .maps = &maps->own[3],
       .count = 3},
      {.name = "Callback",
       .begin = reinterpret_cast<uintptr_t>(&Callback),
       .end = address(Callback_end),
       .maps = &maps->own[6],
       .count = 3},
  };
  for (const FrameCode& code : codes) {
    if (const char* wrong = framemaps_add(maps, code)) {
      framemaps_free(maps);  // all or none: nobody else's are there yet
      return wrong;
    }
  }
  return nullptr;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
