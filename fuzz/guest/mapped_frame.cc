// Frames of the guest's mapped code: their maps, what is put into them, and whether it is there.
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "fuzz/guest/ops.h"
#include "runtime/runtime.h"

namespace throwsplit::fuzz {

namespace {

constexpr uint32_t kDecoyWord = 1;
constexpr uint32_t kPointerWord = GUEST_FIXED_WORDS;
constexpr uint32_t kOffsetWord = kPointerWord + GUEST_POINTERS;
constexpr uint32_t kHeapWord = kOffsetWord + GUEST_POINTERS;
constexpr uint32_t kPayloadWord = kHeapWord + 1;
static_assert(kPayloadWord * 8 + 16 == GUEST_OVERHEAD);

constexpr size_t kClassesMax = 64;
constexpr uint32_t kMapsAClass = 4;
constexpr size_t kMapWordsMax = (65536 + GUEST_OVERHEAD) / 8 / 64 + 1;
// Of larger slots only a word a cache line holds the pattern.
constexpr size_t kFilledWhole = 1024;
constexpr size_t kStrideBytes = 64;

size_t class_count() { return static_cast<size_t>(guest_mapped_frames_end - guest_mapped_frames); }

struct Maps {
  uint64_t words[kClassesMax][kMapWordsMax] = {};
  uint64_t heap_words[kMapWordsMax] = {uint64_t{1} << kHeapWord};  // of every class
  FrameMap maps[kClassesMax * kMapsAClass];
  FrameCode code;
};

// What a compiler would have written into its object file.
void describe(Maps& maps, size_t index) {
  const MappedClass& kind = guest_mapped_frames[index];
  uint64_t* words = maps.words[index];
  const auto mark = [&](uint64_t word) { words[word / 64] |= uint64_t{1} << (word % 64); };
  for (uint32_t i = 0; i < GUEST_POINTERS; i++)
    mark(kPointerWord + i);
  mark(kind.bytes / 8 - 2);  // saved rbp
  FrameMap* map = &maps.maps[index * kMapsAClass];
  map[0] = {.pc = kind.pc_entry, .bytes = 16};  // a word of padding, the return address
  const uintptr_t within[] = {kind.pc_next, kind.pc_called, kind.pc_checked};
  for (const uintptr_t pc : within) {
    *++map = {.pc = pc,
              .bytes = static_cast<uint32_t>(kind.bytes),
              .stack_words = words,
              .heap_words = maps.heap_words};
  }
}

const Maps& mapped_maps() {
  static Maps maps;
  static const bool made = [] {
    for (size_t i = 0; i < class_count() && i < kClassesMax; i++)
      describe(maps, i);
    maps.code = {.name = "guest",
                 .begin = reinterpret_cast<uintptr_t>(guest_mapped_begin),
                 .end = reinterpret_cast<uintptr_t>(guest_mapped_end),
                 .maps = maps.maps,
                 .count = static_cast<uint32_t>(class_count()) * kMapsAClass};
    return true;
  }();
  (void)made;
  return maps;
}

uint64_t* word_at(uintptr_t base, uint64_t index) {
  return reinterpret_cast<uint64_t*>(base) + index;
}

// Where a frame keeps the caller's rbp.
uintptr_t rbp_place(const MappedFrame& frame, uintptr_t base) {
  return base + frame.kind->bytes - 16;
}

uint64_t pattern_of(const MappedActor& actor, uint32_t depth, size_t at) {
  return uint64_t{0x9e3779b97f4a7c15} * (actor.self->number * 64 + depth + 1) + at;
}

size_t stride_of(const MappedFrame& frame) {
  return frame.kind->payload <= kFilledWhole ? 8 : kStrideBytes;
}

// Of the payload, from byte `at` on.
template <typename F>
void for_each_filled(const MappedFrame& frame, size_t at, F&& fn) {
  const size_t stride = stride_of(frame);
  const size_t canary = frame.kind->payload - kCanaryBytes;
  for (at = (at + stride - 1) / stride * stride; at < canary; at += stride)
    fn(at);
  fn(canary);
  fn(canary + 8);
}

void fill(const MappedActor& actor, const MappedFrame& frame, uint32_t depth) {
  for_each_filled(frame, 0, [&](size_t at) {
    *word_at(actor.sp, kPayloadWord + at / 8) = pattern_of(actor, depth, at);
  });
}

// Read as any program would, so that AddressSanitizer sees what may not be read.
uint64_t follow(uint64_t pointer) { return *reinterpret_cast<volatile uint64_t*>(pointer); }

const char* pointers_wrong(const MappedActor& actor, uintptr_t base) {
  for (uint32_t i = 0; i < GUEST_POINTERS; i++) {
    const uint64_t pointer = *word_at(base, kPointerWord + i);
    const uint64_t offset = *word_at(base, kOffsetWord + i);
    if (offset == 0 ? pointer != 0 : pointer != actor.gp->stack.hi - offset) {
      return "a pointer between slots does not point where it did";
    }
    if (offset != 0) follow(pointer);
  }
  return nullptr;
}

const char* chain_wrong(const MappedActor& actor, uint32_t depth, uintptr_t base) {
  const MappedFrame& frame = actor.state.frames[depth];
  if (*word_at(base, frame.kind->bytes / 8 - 1) != frame.returns_to) {
    return "a frame of a mapped stack returns to another place";
  }
  uint64_t saved = *word_at(rbp_place(frame, base), 0);
  if (depth == 0) return saved == 0 ? nullptr : "the first frame of a stack has a caller";
  const MappedFrame& caller = actor.state.frames[depth - 1];
  const uintptr_t expected = rbp_place(caller, actor.gp->stack.hi - caller.below_hi);
  if (frame.called_back) {
    // Between the two stands the frame of the stub.
    if (saved <= base || saved >= expected) return "a saved frame pointer is stale";
    saved = follow(saved);
  }
  return saved == expected ? nullptr : "a saved frame pointer is stale";
}

const char* frame_wrong(const MappedActor& actor, uint32_t depth) {
  const MappedFrame& frame = actor.state.frames[depth];
  const uintptr_t base = actor.gp->stack.hi - frame.below_hi;
  if (*word_at(base, 0) != 0 || *word_at(base, kDecoyWord) != ~*word_at(base, kDecoyWord + 1)) {
    return "a number that looks like an address was changed";
  }
  if (const char* wrong = chain_wrong(actor, depth, base)) return wrong;
  if (const char* wrong = pointers_wrong(actor, base)) return wrong;
  bool good = true;
  for_each_filled(frame, frame.lent_bytes, [&](size_t at) {
    good = good && *word_at(base, kPayloadWord + at / 8) == pattern_of(actor, depth, at);
  });
  return good ? nullptr : "a frame of a mapped stack does not hold what was put there";
}

}  // namespace

const MappedClass* mapped_class(uint64_t payload) {
  const MappedClass* kind = guest_mapped_frames;
  while (kind + 1 != guest_mapped_frames_end && kind->payload < payload)
    kind++;
  return kind;
}

const char* mapped_register() {
  if (class_count() > kClassesMax) return "more classes of frames than there are maps for";
  return register_frames(mapped_maps().code);
}

uint8_t* MappedActor::slot() const { return reinterpret_cast<uint8_t*>(word_at(sp, kPayloadWord)); }

size_t MappedActor::slot_bytes(uint64_t wanted) const {
  const size_t most = frame().kind->payload - kCanaryBytes;
  return wanted < most ? wanted : most;
}

void mapped_frame_begin(const MappedActor& actor) {
  MappedFrame& frame = actor.frame();
  frame.below_hi = static_cast<uint32_t>(actor.gp->stack.hi - actor.sp);
  frame.returns_to = *word_at(actor.sp, frame.kind->bytes / 8 - 1);
  for (uint32_t i = 0; i < kPayloadWord; i++)
    *word_at(actor.sp, i) = 0;
  *word_at(actor.sp, kDecoyWord) = actor.sp;
  *word_at(actor.sp, kDecoyWord + 1) = ~actor.sp;
  fill(actor, frame, actor.state.depth - 1);
}

void mapped_frames_verify(const MappedActor& actor) {
  if (actor.sp != actor.gp->stack.hi - actor.frame().below_hi) {
    guest_broken(actor.self, "O9", "a frame of a mapped stack stands at another place");
    return;
  }
  for (uint32_t depth = 0; depth < actor.state.depth; depth++) {
    if (const char* wrong = frame_wrong(actor, depth)) {
      guest_broken(actor.self, "O9", wrong);
      return;
    }
  }
  guest_verify_objects(actor.self, mapped_held(actor));
}

HeldObjects mapped_held(const MappedActor& actor) {
  return {reinterpret_cast<GuestObject*>(*word_at(actor.sp, kHeapWord)), actor.frame().objects};
}

void mapped_hold(const MappedActor& actor, const HeldObjects& held) {
  *word_at(actor.sp, kHeapWord) = reinterpret_cast<uintptr_t>(held.newest);
  actor.frame().objects = held.count;
}

void mapped_slot_refill(const MappedActor& actor) {
  fill(actor, actor.frame(), actor.state.depth - 1);
}

// Targets are words that stay what they are: the decoys. `count` chooses whose, so that a program
// can say it; a frame has room for the last few alone.
void mapped_weave(const MappedActor& actor, uint64_t count) {
  const uint32_t frames = actor.state.depth;
  for (uint64_t i = count > GUEST_POINTERS ? count - GUEST_POINTERS : 0; i < count; i++) {
    const MappedFrame& target = actor.state.frames[(i * 7 + count) % frames];
    const uint64_t word = (i + count) % 2 == 0 ? kDecoyWord : kDecoyWord + 1;
    const uint64_t offset = target.below_hi - 8 * word;
    *word_at(actor.sp, kPointerWord + i % GUEST_POINTERS) = actor.gp->stack.hi - offset;
    *word_at(actor.sp, kOffsetWord + i % GUEST_POINTERS) = offset;
  }
}

}  // namespace throwsplit::fuzz
