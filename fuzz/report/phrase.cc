// Phrases for events and moves; what has no phrase of its own says what its table row says.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/report/phrase.h"

#include <cstdio>
#include <string>

#include "runtime/gmp/gmp.h"
#include "runtime/trace/trace.h"

namespace throwsplit::fuzz {
namespace {

std::string g(uint64_t number) { return "G" + std::to_string(number); }
std::string p(uint64_t number) { return "P" + std::to_string(number); }

// "idle" of "Pidle", "running" of "Grunning".
std::string bare(const char* status) { return status + 1; }

std::string from_row(const EventRow& row, uint32_t a, uint64_t b) {
  std::string text = row.text;
  if (row.a[0] != 0) text += std::string(" (") + row.a + "=" + std::to_string(a);
  if (row.b[0] != 0) text += std::string(" ") + row.b + "=" + std::to_string(b);
  return row.a[0] != 0 ? text + ")" : text;
}

}  // namespace

Phrase event_phrase(Site site, uint32_t a, uint64_t b) {
  const auto event = static_cast<Event>(site - kEventSites);
  switch (event) {
    case Event::go_create:         return {"makes " + g(a), true};
    case Event::go_start:          return {"runs " + g(a) + " on " + p(b), true};
    case Event::go_sched:          return {g(a) + " gives way", true};
    case Event::go_park:           return {g(a) + " waits", true};
    case Event::go_ready:          return {"makes " + g(a) + " ready", true};
    case Event::go_end:            return {g(a) + " ended", true};
    case Event::go_syscall:        return {g(a) + " enters a system call", false};
    case Event::go_syscall_exit:   return {g(a) + " is back from its call, on " + p(b), true};
    case Event::go_syscall_queued: return {g(a) + " is back from its call, no P: queued", true};
    case Event::proc_acquire:      return {"takes " + p(a), false};
    case Event::proc_release:      return {"lets go of " + p(a), false};
    case Event::proc_idle:         return {p(a) + " is idle", false};
    case Event::proc_unidle:       return {p(a) + " is idle no more", false};
    case Event::proc_retake:       return {"retakes " + p(a) + " from its system call", true};
    case Event::proc_handoff:      return {"hands off " + p(a), true};
    case Event::stw_start:
      return {(a == kNoIndex ? "an injected stop: " : g(a) + " ") + std::string("stops the world"),
              true};
    case Event::stw_stopped:      return {"the world is stopped", true};
    case Event::stw_end:          return {"the world starts again", true};
    case Event::preempt_request:  return {"asks " + g(a) + " to give way", true};
    case Event::preempt_honoured: return {g(a) + " gives way at a safe point", true};
    case Event::sysmon_sleep:
      return {a != 0 ? "goes to deep sleep: the world is stopping"
                     : "goes to deep sleep: every P is idle",
              true};
    case Event::sysmon_wake: return {"wakes", true};
    case Event::injected:
      return {a == kActStop   ? "asks for a stop of the world (injected)"
              : a == kActMove ? "asks that its stack be moved (injected)"
                              : "asks itself to give way (injected)",
              true};
    case Event::m_start:      return {"begins", false};
    case Event::m_park:       return {"has nothing to do", true};
    case Event::m_unpark:     return {"M" + std::to_string(a) + " is to go on", false};
    case Event::stack_grow:   return {g(a) + " grows its stack", true};
    case Event::stack_move:   return {g(a) + "'s stack moves", true};
    case Event::stack_shrink: return {g(a) + " has its stack halved", true};
    case Event::gc_start:     return {"collects: looks at stacks while the world runs", true};
    case Event::gc_mark:      return {"marks", true};
    case Event::gc_end:       return {"the collection is over", true};
    case Event::freeze:       return {"freezes the world: this is a crash", true};
    default:                  break;
  }
  for (const EventRow& row : kEvents) {
    if (row.event == event) return {from_row(row, a, b), false};
  }
  return {"event " + std::to_string(site - kEventSites), false};
}

Phrase move_phrase(Site site, uint32_t object) {
  const uint32_t index = site - kMoveSites;
  if (index >= kMoveCount) return {"move " + std::to_string(index), false};
  const MoveRow& row = kMoves[index];
  const bool is_g = row.kind == MoveKind::g;
  const std::string who = is_g ? g(object) : p(object);
  const std::string text = who + ": " + bare(row.from_name) + " -> " + bare(row.to_name);
  // Around a system call the statuses are the story; elsewhere an event tells it better.
  const uint32_t syscall = is_g ? uint32_t{Gsyscall} : uint32_t{Psyscall};
  const bool stops = !is_g && row.to == uint32_t{Pgcstop};
  return {text, row.from == syscall || row.to == syscall || stops};
}

std::string time_phrase(int64_t ns) {
  char text[48];
  const char* sign = ns < 0 ? "-" : "";
  const uint64_t much = ns < 0 ? 0 - static_cast<uint64_t>(ns) : static_cast<uint64_t>(ns);
  if (much < 1000) {
    snprintf(text, sizeof text, "%s%u ns", sign, static_cast<unsigned>(much));
  } else if (much < 1'000'000) {
    snprintf(text, sizeof text, "%s%.2f us", sign, static_cast<double>(much) / 1e3);
  } else if (much < 1'000'000'000) {
    snprintf(text, sizeof text, "%s%.4f ms", sign, static_cast<double>(much) / 1e6);
  } else {
    snprintf(text, sizeof text, "%s%.6f s", sign, static_cast<double>(much) / 1e9);
  }
  return text;
}

}  // namespace throwsplit::fuzz
