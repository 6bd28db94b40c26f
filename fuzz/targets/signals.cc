// The engine's signals beside simulated stacks: where its handlers run.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets/signals.h"

#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace throwsplit::fuzz {
namespace {

// The largest register state that the kernel may save, and a report with its stack traces.
constexpr std::size_t kReportBytes = std::size_t{256} * 1024;

[[noreturn]] void die(const char* what) {
  perror(what);
  exit(2);
}

void make_alternate_stack() {
  const std::size_t bytes = kReportBytes + std::max<std::size_t>(getauxval(AT_MINSIGSTKSZ), 4096);
  stack_t now;
  if (sigaltstack(nullptr, &now) == 0 && (now.ss_flags & SS_DISABLE) == 0 && now.ss_size >= bytes) {
    return;
  }
  // Never given back: it serves the process, like the handlers.
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) die("an alternate signal stack");
  stack_t mine = {};
  mine.ss_sp = memory;
  mine.ss_size = bytes;
  if (sigaltstack(&mine, nullptr) != 0) die("sigaltstack");
}

void move_handlers() {
  for (int number = 1; number < NSIG; number++) {
    struct sigaction action;
    if (sigaction(number, nullptr, &action) != 0) continue;
    const bool has_handler = (action.sa_flags & SA_SIGINFO) != 0 ||
                             (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
    if (!has_handler || (action.sa_flags & SA_ONSTACK) != 0) continue;
    action.sa_flags |= SA_ONSTACK;
    if (sigaction(number, &action, nullptr) != 0) die("sigaction");
  }
}

}  // namespace

void take_signals_aside() {
  static bool done = false;
  if (done) return;
  done = true;
  make_alternate_stack();
  move_handlers();
}

}  // namespace throwsplit::fuzz
