// Sleeping goroutines: a heap by due time, and the one idle M that waits for its top.
// SPDX-License-Identifier: Apache-2.0
//
// Timers fire where Ms already look: in the scheduler of any running P, and in sysmon's ticks. When
// a P goes idle its M may become the keeper: it sleeps without a P until the earliest timer is due.
// A timer that is earlier than the keeper's wakes it. The keeper sleeps on its own M's note, so
// that a wake-up cannot reach a former keeper instead.
//
// As long as a P is idle somebody keeps the timers, or is on the way to it: a timer that nobody
// keeps is work (has_work). Whoever adds one calls wakep if a P is idle; whoever idles a P looks
// whether there is one. Why: the Ps that run may be busy with one goroutine each for long.
#include "runtime/base/check.h"
#include "runtime/base/throw.h"
#include "runtime/sched/sched.h"
#include "runtime/sync/sync.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

bool earlier(const G* a, const G* b) {
  return a->wake_ns != b->wake_ns ? a->wake_ns < b->wake_ns : a->goid < b->goid;
}

void place(Timers& timers, uint32_t at, G* gp) {
  timers.heap[at] = gp;
  gp->timer_index = at;
}

void sift_up(Timers& timers, uint32_t at) {
  G* gp = timers.heap[at];
  while (at != 0 && earlier(gp, timers.heap[(at - 1) / 2])) {
    place(timers, at, timers.heap[(at - 1) / 2]);
    at = (at - 1) / 2;
  }
  place(timers, at, gp);
}

void sift_down(Timers& timers, uint32_t at) {
  G* gp = timers.heap[at];
  for (;;) {
    uint32_t child = 2 * at + 1;
    if (child >= timers.count) break;
    if (child + 1 < timers.count && earlier(timers.heap[child + 1], timers.heap[child])) child++;
    if (!earlier(timers.heap[child], gp)) break;
    place(timers, at, timers.heap[child]);
    at = child;
  }
  place(timers, at, gp);
}

void publish_first(Timers& timers) {
  timers.first_ns.store<seq_cst>(timers.count == 0 ? 0 : timers.heap[0]->wake_ns);
}

void grow(Timers& timers) {
  uint32_t capacity = timers.capacity == 0 ? 512 : timers.capacity * 2;
  G** heap = static_cast<G**>(os_alloc(capacity * sizeof(G*)));
  if (heap == nullptr) throw_("no memory for timers");
  for (uint32_t i = 0; i < timers.count; i++)
    heap[i] = timers.heap[i];
  if (timers.heap != nullptr) os_free(timers.heap, timers.capacity * sizeof(G*));
  timers.heap = heap;
  timers.capacity = capacity;
}

// From here on nobody waits for the earliest timer. Needs timers.lock.
M* relieve(Timers& timers) {
  M* keeper = timers.keeper;
  timers.keeper = nullptr;
  timers.kept.store<seq_cst>(0);
  return keeper;
}

// Needs timers.lock.
G* pop_due(Timers& timers, int64_t now_ns) {
  if (timers.count == 0 || timers.heap[0]->wake_ns > now_ns) return nullptr;
  G* gp = timers.heap[0];
  timers.count--;
  if (timers.count != 0) {
    place(timers, 0, timers.heap[timers.count]);
    sift_down(timers, 0);
  }
  return gp;
}

}  // namespace

// Runs as gopark's unlockf: gp is Gwaiting and its stack no longer ours to touch.
bool timer_add(G* gp, void*) {
  World& world = this_world();
  Timers& timers = world.sched.timers;
  M* keeper = nullptr;
  {
    Locked locked(&timers.lock);
    if (timers.count == timers.capacity) grow(timers);
    place(timers, timers.count, gp);
    timers.count++;
    sift_up(timers, timers.count - 1);
    publish_first(timers);
    if (timers.heap[0] == gp) keeper = relieve(timers);  // it waits for something later
  }
  if (keeper != nullptr) {
    notewakeup(&keeper->park);
  } else if (timers_unkept_by(world, LoadWord()) && world.sched.npidle.load<seq_cst>() != 0) {
    wakep();
  }
  return true;
}

G* sleep_m(G* gp) { return gopark_m(gp, timer_add, nullptr, "sleep"); }

int64_t timers_first(World& world) { return world.sched.timers.first_ns.load<seq_cst>(); }

uint32_t timers_fire(World& world, int64_t now_ns) {
  Timers& timers = world.sched.timers;
  int64_t first = timers_first(world);
  if (first == 0 || first > now_ns) return 0;
  GQueue due;
  {
    Locked locked(&timers.lock);
    while (G* gp = pop_due(timers, now_ns))
      due.push_back(gp);
    publish_first(timers);
  }
  uint32_t count = due.count();
  while (G* gp = due.pop_front())
    ready(gp);
  return count;
}

bool timers_keep(World& world) {
  Timers& timers = world.sched.timers;
  if (!timers_unkept_by(world, LoadWord())) return false;
  Locked locked(&timers.lock);
  if (timers.count == 0 || timers.keeper != nullptr) return false;
  timers.keeper = getg()->m;
  timers.kept.store<seq_cst>(1);
  return true;
}

void timers_unkeep(World& world) {
  Timers& timers = world.sched.timers;
  M* mp = getg()->m;
  CHECK_EQ(mp->p.peek(), nullptr);
  bool woken;
  {
    Locked locked(&timers.lock);
    woken = timers.keeper != mp;
    if (!woken) relieve(timers);
  }
  if (!woken) return;
  notesleep(&mp->park);  // whoever relieved the keeper signals, or has signalled
  noteclear(&mp->park);
}

void timers_wait(World& world) {
  Timers& timers = world.sched.timers;
  M* mp = getg()->m;
  int64_t due_ns = 0;
  {
    Locked locked(&timers.lock);
    if (timers.count != 0) due_ns = timers.heap[0]->wake_ns;
  }
  trace(Event::m_park, mp->id);
  int64_t wait_ns = due_ns - os_nanotime();
  notetsleep(&mp->park, wait_ns > 0 ? wait_ns : 0);
  timers_unkeep(world);
  trace(Event::m_unpark, mp->id);
  // Without a P, what is due goes to the global queue; then this M is as good as any to run it.
  timers_fire(world, os_nanotime());
  P* pp;
  {
    Locked locked(&world.sched.lock);
    pp = pidleget(world);
    if (pp != nullptr) sysmon_wake(world);
  }
  if (pp != nullptr) acquirep(pp);
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
