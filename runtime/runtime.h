// Throwsplit's public face: goroutines with honest blocking calls, for C++.
// SPDX-License-Identifier: Apache-2.0
//
//   int main() {
//     throwsplit::Config config;
//     config.procs = 2;
//     return throwsplit::run(config, [] { throwsplit::go([] { throwsplit::yield(); }); }) ? 1 : 0;
//   }
//
// x86-64 Linux only. All functions but run() are called from a goroutine. Times are nanoseconds.
//
// thread_local belongs to a thread, and a goroutine may change threads at every call that can give
// way (yield, park, sleep, syscall, blocking, and any function prologue): keep none across, or tie
// the goroutine to its thread (lock_thread). fork in
// a goroutine is fatal by nature: only the calling thread exists in the child; use posix_spawn
// inside blocking() instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

#include "runtime/base/flavour.h"
#include "runtime/base/nosplit.h"
#include "runtime/gc/holds.h"
#include "runtime/stack/framemap.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

struct Config {
  // How many goroutines run at once (Go: GOMAXPROCS), 1 to 256. 0: one a processor, up to 256.
  uint32_t procs = 0;
  // How many threads the world may need, those in system calls among them. More is fatal.
  uint32_t max_ms = 10000;
  // Reserved address range of a goroutine's stack, bytes; pages are committed on touch.
  size_t stack_bytes = 256 * 1024;
  // False switches off what turns a hang into latency: repeated preempt requests, the stopper's
  // timed sleep, the time cap of sysmon's deep sleep. For tests: a correct runtime needs none of
  // them.
  bool rescues = true;
  // Collect by itself when this many bytes were allocated (gc_alloc) since the last collection, or
  // as many as it left, whichever is more. 0: only when gc() is called.
  size_t gc_trigger_bytes = 4 << 20;
  // Keep a ring of the last 256 events of each thread, for dump_trace.
  bool tracing = false;
};

// Runs fn(arg) as the first goroutine of a new world, on this thread and others, and returns when
// every goroutine has ended. Null, or why the world could not start (nothing has run then).
const char* run_world(const Config& config, void (*fn)(void*), void* arg);

// Starts fn(arg) as a goroutine. stack_bytes 0: the world's default. False: the kernel refused
// memory.
bool go_world(void (*fn)(void*), void* arg, size_t stack_bytes = 0);

// Starts fn(arg) on a stack that begins with 2 KiB and moves when it grows. fn and all it calls on
// that stack is code with frame maps (a compiler's or a JIT's), registered beforehand, that
//  - keeps nothing that points into the stack anywhere but in the words its maps mark, in rbp at a
//    check or call (a frame pointer), and in StackRefs; r12 to r15 and rbx hold none;
//  - checks before it makes a frame: if rsp - frame bytes is not above %fs:0x70, it calls
//    throwsplit_<flavour>_morestack_mapped with the bytes in r10d, no argument register live, and
//    checks again;
//  - calls C++ by mcall and systemstack alone, and returns with ret when it ends.
// False: the kernel refused memory.
bool go_mapped(void (*fn)(void*), void* arg);
// Registers the frame maps of a range of code with this world. Null, or why they were refused.
const char* register_frames(const FrameCode& code);

// Lets others run.
void yield();

// A goroutine, for ready(). Stays valid after it ended; waking it then does nothing of note.
class Goroutine {
 public:
  uint64_t id() const { return id_; }

 private:
  friend Goroutine self();
  friend void ready_goroutine(Goroutine);
  void* g_ = nullptr;
  uint64_t id_ = 0;
};
Goroutine self();

// Waits until somebody calls ready for this goroutine; a ready that came first is not lost. May
// return without one: wait in a loop over a condition.
void park();
void ready_goroutine(Goroutine goroutine);

// Waits at least `ns`.
void sleep(int64_t ns);

// Ties the calling goroutine to its thread: it runs nowhere else, and nobody else runs there, until
// unlock_thread was called as often, or it ends. For code whose state belongs to a thread:
// affinity, namespaces, libraries with thread_local state. No other thread inherits what it
// changes. Undo what you changed before the tie ends: the thread then serves others. unlock_thread
// without a tie does nothing.
void lock_thread();
void unlock_thread();

// Runs fn(arg) on the thread's system stack, which is large and never checked. May not: park,
// yield, or make a throwsplit system call.
void on_systemstack(void (*fn)(void*), void* arg);

// Runs fn(arg) with no other goroutine running, on the system stack. May not: park, yield, block
// for long.
void stop_the_world(void (*fn)(void*), void* arg);

// A raw system call on the goroutine's own stack; -errno on failure. While it lasts the stack is
// frozen, so arguments may point into it; if it lasts long another thread takes over the processor.
// syscall_block says beforehand that it will.
NOSPLIT long syscall(long nr, long a1 = 0, long a2 = 0, long a3 = 0, long a4 = 0, long a5 = 0,
                     long a6 = 0);
NOSPLIT long syscall_block(long nr, long a1 = 0, long a2 = 0, long a3 = 0, long a4 = 0, long a5 = 0,
                           long a6 = 0);

// What a blocking function returned, and errno as it left it (errno itself belongs to a thread).
struct Blocked {
  long value = 0;
  int error = 0;
};
// Runs fn(arg), which may block (a library call, file I/O), on the system stack and without a
// processor. fn may not throw, park or yield.
Blocked blocking(long (*fn)(void*), void* arg);

// ---- The collected heap (docs/gc.md) -----------------------------------------------------------

// A zeroed object of at least `bytes`, aligned to 16. It lives as long as a pointer to it, or into
// it, stands where a collection looks: on a goroutine's stack or in its registers, among the
// arguments of its system call, in an object that lives and holds words, in a registered range.
// What blocking() runs, and thread_local and other global variables, are not looked at. Null: the
// kernel refused memory. May collect first (Config.gc_trigger_bytes). May not be called in
// blocking() or stop_the_world().
void* gc_alloc(size_t bytes, GcHolds holds = GcHolds::words);
// Looks for pointers in [base, base + bytes) at each collection, until gc_unroot. False: no memory.
bool gc_root(const void* base, size_t bytes);
// False: no range that begins there is registered.
bool gc_unroot(const void* base);
// Collects now: goroutines' stacks that are three quarters empty are halved, the world is stopped,
// what nothing leads to is freed and poisoned. May give way.
void gc();

struct GcStats {
  uint64_t collections = 0;
  uint64_t freed_objects = 0;  // since the world began
  uint64_t freed_bytes = 0;
  size_t live_bytes = 0;   // as the last collection found them
  size_t arena_bytes = 0;  // taken from the kernel for objects
};
GcStats gc_stats();

// The last events of every thread, one a line, to standard error. Needs Config.tracing.
void dump_trace();
// Scheduler, threads, processors, goroutines with tracebacks, to standard error.
void dump_world();

// ---- The same for callables --------------------------------------------------------------------

// run(config, [] { ... }): the callable outlives the world.
template <typename F>
const char* run(const Config& config, F&& fn) {
  using Callable = std::remove_reference_t<F>;
  return run_world(
      config, [](void* arg) { (*static_cast<Callable*>(arg))(); },
      const_cast<void*>(static_cast<const void*>(&fn)));
}

// go([=] { ... }): the callable is kept on the heap until the goroutine ends.
template <typename F>
bool go(F fn, size_t stack_bytes = 0) {
  F* kept = new (std::nothrow) F(std::move(fn));
  if (kept == nullptr) return false;
  bool started = go_world(
      [](void* arg) {
        F* callable = static_cast<F*>(arg);
        (*callable)();
        delete callable;
      },
      kept, stack_bytes);
  if (!started) delete kept;
  return started;
}

inline void ready(Goroutine goroutine) { ready_goroutine(goroutine); }

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
