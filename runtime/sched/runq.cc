// Run queues: a ring a P, and the global queue under sched.lock.
// SPDX-License-Identifier: Apache-2.0
//
// The ring has one producer, its P's owner, and any number of consumers. head and tail only grow; a
// slot is owned by the producer while head + count does not reach it. A consumer reads slots first
// and claims them afterwards by moving head with a CAS, so what it read counts only if the CAS
// succeeds.
#include "runtime/base/check.h"
#include "runtime/sched/sched.h"
#include "runtime/sync/sync.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

// The ring is full: half of it goes to the global queue, with gp behind. False: a thief made room.
bool runqputslow(World& world, P* pp, G* gp, uint32_t head, uint32_t tail) {
  G* batch[kRunqCount / 2 + 1];
  uint32_t count = (tail - head) / 2;
  for (uint32_t i = 0; i < count; i++) {
    batch[i] = pp->runq[(head + i) % kRunqCount].template load<relaxed>();
  }
  if (!pp->runqhead.cas<release>(head, head + count)) return false;
  batch[count] = gp;
  Locked locked(&world.sched.lock);
  for (uint32_t i = 0; i <= count; i++)
    globrunqput(world, batch[i]);
  return true;
}

}  // namespace

void runqput(World& world, P* pp, G* gp) {
  for (;;) {
    uint32_t head = pp->runqhead.load<acquire>();
    uint32_t tail = pp->runqtail.load<relaxed>();
    if (tail - head < kRunqCount) {
      pp->runq[tail % kRunqCount].template store<relaxed>(gp);
      // seq_cst, not release: the caller next looks whether anybody spins (I1).
      pp->runqtail.store<seq_cst>(tail + 1);
      return;
    }
    if (runqputslow(world, pp, gp, head, tail)) return;
  }
}

G* runqget(P* pp) {
  for (;;) {
    uint32_t head = pp->runqhead.load<acquire>();
    uint32_t tail = pp->runqtail.load<relaxed>();
    if (tail == head) return nullptr;
    G* gp = pp->runq[head % kRunqCount].template load<relaxed>();
    if (pp->runqhead.cas<release>(head, head + 1)) return gp;
  }
}

bool runqempty(P* pp) {
  uint32_t head = pp->runqhead.load<seq_cst>();
  uint32_t tail = pp->runqtail.load<seq_cst>();
  return head == tail;
}

G* runqsteal(P* pp, P* victim) {
  G* batch[kRunqCount / 2];
  uint32_t count;
  for (;;) {
    uint32_t head = victim->runqhead.load<acquire>();
    uint32_t tail = victim->runqtail.load<acquire>();
    count = tail - head;
    count -= count / 2;
    if (count == 0) return nullptr;
    if (count > kRunqCount / 2) continue;  // head and tail were read apart
    for (uint32_t i = 0; i < count; i++) {
      batch[i] = victim->runq[(head + i) % kRunqCount].template load<relaxed>();
    }
    if (victim->runqhead.cas<release>(head, head + count)) break;
  }
  uint32_t tail = pp->runqtail.load<relaxed>();
  CHECK_LT(tail - pp->runqhead.load<acquire>() + count, kRunqCount);
  for (uint32_t i = 1; i < count; i++) {
    pp->runq[(tail + i - 1) % kRunqCount].template store<relaxed>(batch[i]);
  }
  if (count > 1) pp->runqtail.store<seq_cst>(tail + count - 1);
  return batch[0];
}

void globrunqput(World& world, G* gp) {
  world.sched.runq.push_back(gp);
  world.sched.runqsize.store<seq_cst>(world.sched.runq.count());
}

G* globrunqget(World& world, P* pp, uint32_t most) {
  Sched& sched = world.sched;
  uint32_t count = sched.runq.count() / world.settings.procs + 1;
  if (most != 0 && count > most) count = most;
  if (count > kRunqCount / 2) count = kRunqCount / 2;
  G* gp = sched.runq.pop_front();
  if (gp == nullptr) return nullptr;
  uint32_t tail = pp->runqtail.load<relaxed>();
  uint32_t room = kRunqCount - (tail - pp->runqhead.load<acquire>());
  uint32_t moved = 0;
  while (moved + 1 < count && moved < room && !sched.runq.empty()) {
    pp->runq[(tail + moved) % kRunqCount].template store<relaxed>(sched.runq.pop_front());
    moved++;
  }
  if (moved != 0) pp->runqtail.store<seq_cst>(tail + moved);
  sched.runqsize.store<seq_cst>(sched.runq.count());
  return gp;
}

bool has_work(World& world, P* pp) { return has_work_by(world, pp, LoadWord()); }

bool has_work_anywhere(World& world) {
  for (uint32_t i = 0; i < world.settings.procs; i++) {
    if (has_work(world, &world.allp[i])) return true;
  }
  return false;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
