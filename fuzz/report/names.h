// The names of sites and points, taken from the runtime's tables: for texts, reports and mutators.
// SPDX-License-Identifier: Apache-2.0
//
//   entersyscall_gcwait      a point
//   sched.gcwaiting:load     an access to a shared word: load store rmw plain_load plain_store
//   call:futex_sleep         a call to the simulated kernel
//   syscall:read             a system call; those without a name here are syscall:n<number>
//   event:go_park            a trace event
//   move:g5                  a row of moves.def
#pragma once

#include <string>

#include "fuzz/input/mutate.h"
#include "fuzz/input/text.h"
#include "runtime/hook/points.h"

namespace throwsplit::fuzz {

const SiteNames& site_names();

// "" where there is none.
std::string site_name(Site site);

// The sites where a schedule may say something, the points where a plan may.
const Vocabulary& vocabulary();

// What a call to the simulated kernel is, null for other sites.
const char* call_name(Site site);

// "read", "nanosleep"; "system call 17" for others.
std::string syscall_name(long number);

}  // namespace throwsplit::fuzz
