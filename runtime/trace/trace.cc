// A ring of the last events of each M: the reader's side.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/trace/trace.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

TraceEntry TraceRing::newest(uint32_t back) const {
  const TraceEntry& entry = entries_[(count() - 1 - back) % kEntries];
  TraceEntry copy;
  copy.when = atomic_load<relaxed>(&entry.when);
  copy.a = atomic_load<relaxed>(&entry.a);
  copy.b = atomic_load<relaxed>(&entry.b);
  copy.m = atomic_load<relaxed>(&entry.m);
  copy.event =
      static_cast<Event>(atomic_load<relaxed>(reinterpret_cast<const uint16_t*>(&entry.event)));
  return copy;
}

const EventRow* event_row(Event event) {
  for (const EventRow& row : kEvents) {
    if (row.event == event) return &row;
  }
  return nullptr;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
