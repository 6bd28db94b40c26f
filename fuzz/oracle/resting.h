// Why an M takes no step: the simulator's waits, told in the runtime's own terms.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "fuzz/oracle/oracle.h"

namespace throwsplit::fuzz {

enum class Rest : uint8_t {
  gone,     // its thread ended, or never was
  acts,     // it can take its next step
  held_up,  // by a fault: it will act by itself
  lock,     // for a lock of the runtime's kind; word says which
  note,     // for a note; word says which
  clock,    // sleeps between two rounds
  call,     // in a system call
  join,     // for a thread's end
};

Rest rest_of(World& world, const inject::Wait& wait);

// True while nobody is in the midst of anything: all wait for notes, calls, the clock. What should
// have been done by now has been forgotten.
bool all_at_rest(const Scene& scene, const inject::Idle& idle);

// Who holds the lock behind a word; null: nobody. Of rank `stack` there are several locks: then it
// is who took one of them last, by its M's age.
M* holder_of(World& world, const void* word);
const char* name_of_word(World& world, const void* word);

// Each M, P and goroutine: what it holds, where it is, what it waits for; a line each.
std::string who_waits_for_what(const Scene& scene);

}  // namespace throwsplit::fuzz
