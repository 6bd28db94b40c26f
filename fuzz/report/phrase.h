// Phrases for what agents do: trace events, moves and kernel calls, each in a few words.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "runtime/hook/points.h"

namespace throwsplit::fuzz {

struct Phrase {
  std::string text;
  bool matters = false;  // tells the story; the rest is detail
};

// Needs: an event's site.
Phrase event_phrase(Site site, uint32_t a, uint64_t b);
// Needs: a move's site.
Phrase move_phrase(Site site, uint32_t object);

// "200 ns", "17.35 us", "1.002000 s": for people; never rounded to nothing.
std::string time_phrase(int64_t ns);

}  // namespace throwsplit::fuzz
