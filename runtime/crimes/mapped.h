// The least that mapped code can be: one frame that calls a function on the system stack.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "runtime/runtime.h"
#include "runtime/sched/sched.h"
#include "runtime/stack/copystack.h"
#include "runtime/stack/pool.h"

extern "C" {
void throwsplit_crime_main(void*);
extern const char throwsplit_crime_begin[], throwsplit_crime_pc[];
}
asm(R"(
        .text
throwsplit_crime_begin:
throwsplit_crime_main:
        xorl    %esi, %esi
        call    throwsplit_)" THROWSPLIT_TEXT(THROWSPLIT_FLAVOUR) R"(_systemstack
throwsplit_crime_pc:
        ret
)");

namespace throwsplit::crimes {

// Runs fn on the system stack under one mapped frame, whose map may say that it is unknown.
inline void run_mapped(void (*fn)(void*), bool registered, bool unknown) {
  static FrameMap map;
  map = {.pc = reinterpret_cast<uintptr_t>(throwsplit_crime_pc), .bytes = 8, .unknown = unknown};
  const FrameCode code = {.name = "crime",
                          .begin = reinterpret_cast<uintptr_t>(throwsplit_crime_begin),
                          .end = map.pc,
                          .maps = &map,
                          .count = 1};
  const char* wrong = registered ? register_frames(code) : nullptr;
  if (wrong != nullptr || !go_mapped(throwsplit_crime_main, reinterpret_cast<void*>(fn))) {
    fprintf(stderr, "cannot start: %s\n", wrong != nullptr ? wrong : "no memory");
    exit(1);
  }
}

inline G* user_goroutine() { return getg()->m->curg.peek(); }

}  // namespace throwsplit::crimes
