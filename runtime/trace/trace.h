// A ring of the last events of each M. Nosplit-safe, never blocks, never allocates.
// SPDX-License-Identifier: Apache-2.0
//
// One writer (the M that owns the ring); a reader may look at any time and may find the newest
// entries half written, so dumps are for people and for tests that have stopped the world.
#pragma once

#include <cstdint>

#include "runtime/base/atomic.h"
#include "runtime/base/flavour.h"

namespace throwsplit {

enum class Event : uint16_t {
  none = 0,
#define EVENT(number, name, a, b, text) name = number,
#include "runtime/trace/events.def"
#undef EVENT
};

// What a planted bug says of itself (fuzz/mutants): its place was come by; and it made a difference
// there, whether or not anybody notices. Nothing else writes Event::canary.
inline constexpr uint32_t kCanaryReached = 1;
inline constexpr uint32_t kCanaryTriggered = 2;

struct EventRow {
  Event event;
  const char* name;
  const char* a;
  const char* b;
  const char* text;
};

inline constexpr EventRow kEvents[] = {
#define EVENT(number, name, a, b, text) {Event::name, #name, a, b, text},
#include "runtime/trace/events.def"
#undef EVENT
};

}  // namespace throwsplit

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

struct TraceEntry {
  uint64_t when;  // a cycle count on real machines; orders entries of one M
  uint32_t a;
  uint32_t b;
  Event event;
  uint32_t m;
};

class TraceRing {
 public:
  static constexpr uint32_t kEntries = 256;

  ALWAYS_INLINE void write(Event event, uint32_t m, uint32_t a, uint32_t b) {
    uint64_t at = atomic_load<relaxed>(&count_);
    TraceEntry& entry = entries_[at % kEntries];
    atomic_store<relaxed>(&entry.when, uint64_t{__builtin_ia32_rdtsc()});
    atomic_store<relaxed>(&entry.a, a);
    atomic_store<relaxed>(&entry.b, b);
    atomic_store<relaxed>(&entry.m, m);
    atomic_store<relaxed>(reinterpret_cast<uint16_t*>(&entry.event), static_cast<uint16_t>(event));
    atomic_store<release>(&count_, at + 1);
  }
  uint64_t count() const { return atomic_load<acquire>(&count_); }
  // The `back`-th newest entry; back < min(count(), kEntries).
  TraceEntry newest(uint32_t back) const;

 private:
  uint64_t count_ = 0;
  TraceEntry entries_[kEntries] = {};
};

const EventRow* event_row(Event event);

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
