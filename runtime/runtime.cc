// The public functions, each a thin layer over the rooms below.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/runtime.h"

#include "runtime/base/check.h"
#include "runtime/base/print.h"
#include "runtime/base/throw.h"
#include "runtime/gc/gc.h"
#include "runtime/sched/sched.h"
#include "runtime/stack/own_frames.h"
#include "runtime/sync/sync.h"
#include "runtime/syscall/syscall.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

// Who calls: a goroutine, or nobody of ours.
G* caller() {
  G* gp = getg();
  if (gp == nullptr) throw_("called outside of a goroutine");
  if (gp == gp->m->g0) throw_("called on the system stack");
  return gp;
}

Settings settings_of(const Config& config) {
  Settings settings;
  const uint32_t ncpu = os_ncpu();
  settings.procs = config.procs != 0 ? config.procs : ncpu < kProcsMax ? ncpu : kProcsMax;
  settings.max_ms = config.max_ms;
  settings.rescues = config.rescues;
  settings.tracing = config.tracing;
  settings.stack_bytes = config.stack_bytes;
  settings.gc_trigger_bytes = config.gc_trigger_bytes;
  return settings;
}

}  // namespace

const char* run_world(const Config& config, void (*fn)(void*), void* arg) {
  return world_run(settings_of(config), fn, arg, nullptr);
}

bool go_world(void (*fn)(void*), void* arg, size_t stack_bytes) {
  caller();
  return newproc(fn, arg, stack_bytes) != nullptr;
}

bool go_mapped(void (*fn)(void*), void* arg) {
  caller();
  return newproc_mapped(fn, arg) != nullptr;
}

const char* register_frames(const FrameCode& code) {
  World& world = *caller()->m->world;
  Locked locked(&world.framemaps_lock);
  if (world.framemaps.table == nullptr) {
    if (const char* wrong = register_own_frames(&world.framemaps)) return wrong;
  }
  return framemaps_add(&world.framemaps, code);
}

void yield() {
  caller();
  mcall(gosched_m);
}

Goroutine self() {
  G* gp = caller();
  Goroutine goroutine;
  goroutine.g_ = gp;
  goroutine.id_ = gp->goid;
  return goroutine;
}

void park() {
  caller();
  park_goroutine();
}

void ready_goroutine(Goroutine goroutine) {
  caller();
  unpark_goroutine(static_cast<G*>(goroutine.g_));
}

void sleep(int64_t ns) {
  G* gp = caller();
  if (ns <= 0) {
    yield();
    return;
  }
  gp->wake_ns = os_deadline(ns);
  gopark(timer_add, nullptr, "sleep");
}

void lock_thread() {
  caller();
  lock_os_thread();
}

void unlock_thread() {
  caller();
  unlock_os_thread();
}

void on_systemstack(void (*fn)(void*), void* arg) {
  caller();
  systemstack(fn, arg);
}

void stop_the_world(void (*fn)(void*), void* arg) {
  caller();
  semacquire_world();
  WorldStop stop = {fn, arg};
  systemstack(stop_run_start, &stop);
  semrelease_world();
}

namespace {

// As caller() does, for nosplit code.
ALWAYS_INLINE void check_syscall_caller() {
  G* gp = getg();
  if (UNLIKELY(gp == nullptr || gp == gp->m->g0)) throw_("system call outside of a goroutine");
}

}  // namespace

long syscall(long nr, long a1, long a2, long a3, long a4, long a5, long a6) {
  check_syscall_caller();
  return Syscall(nr, a1, a2, a3, a4, a5, a6);
}

long syscall_block(long nr, long a1, long a2, long a3, long a4, long a5, long a6) {
  check_syscall_caller();
  return Syscallblock(nr, a1, a2, a3, a4, a5, a6);
}

Blocked blocking(long (*fn)(void*), void* arg) {
  caller();
  BlockingCall call = {fn, arg, 0, 0};
  blocking_edges(&call);
  return {call.value, call.error};
}

void* gc_alloc(size_t bytes, GcHolds holds) {
  G* gp = caller();
  if (gcheap_is_due(*gp->m->world)) gc();
  return gcheap_alloc(bytes, holds);
}

bool gc_root(const void* base, size_t bytes) {
  return gcheap_add_root(*caller()->m->world, reinterpret_cast<uintptr_t>(base), bytes);
}

bool gc_unroot(const void* base) {
  return gcheap_remove_root(*caller()->m->world, reinterpret_cast<uintptr_t>(base));
}

void gc() {
  caller();
  semacquire_world();
  systemstack([](void*) { gc_collect(this_world()); }, nullptr);
  semrelease_world();
}

GcStats gc_stats() {
  World& world = *caller()->m->world;
  GcStats stats;
  Locked locked(&world.gc.lock);
  const GcHeap* heap = world.gc.heap;
  if (heap == nullptr) return stats;
  stats.collections = heap->collections;
  stats.freed_objects = heap->freed_objects;
  stats.freed_bytes = heap->freed_bytes;
  stats.live_bytes = heap->live_bytes;
  for (uint32_t i = 0; i < heap->arena_count; i++)
    stats.arena_bytes += heap->arenas[i]->bytes;
  return stats;
}

void dump_trace() {
  caller();
  systemstack(
      [](void*) {
        World& world = this_world();
        Printer out([](void*, const char* text, size_t bytes) { os_print(text, bytes); });
        Locked locked(&world.sched.lock);
        for (M* mp = world.sched.allms; mp != nullptr; mp = mp->alllink) {
          if (mp->ring == nullptr) continue;
          uint64_t count = mp->ring->count();
          uint32_t kept =
              count < TraceRing::kEntries ? static_cast<uint32_t>(count) : TraceRing::kEntries;
          for (uint32_t back = kept; back-- > 0;) {
            TraceEntry entry = mp->ring->newest(back);
            const EventRow* row = event_row(entry.event);
            if (row == nullptr) continue;
            out << entry.when << " m" << entry.m << " " << row->name << " " << row->a << "="
                << entry.a;
            if (row->b[0] != 0) out << " " << row->b << "=" << entry.b;
            out << "\n";
          }
        }
      },
      nullptr);
}

void dump_world() {
  caller();
  systemstack([](void*) { print_world(this_world(), FrameNames::shown); }, nullptr);
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
