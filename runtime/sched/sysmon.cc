// Sysmon: the thread without a P that takes Ps out of long system calls and asks hogs to give way.
// SPDX-License-Identifier: Apache-2.0
//
// It ticks every 20 us, backing off to 10 ms while there is nothing to do, and sleeps deeply when
// the world is stopped or every P is idle. Whoever changes that wakes it (sysmonwait under
// sched.lock). The cap of the deep sleep is a rescue: with rescues off, a sysmon that nobody wakes
// never acts again.
#include "runtime/base/check.h"
#include "runtime/sched/sched.h"
#include "runtime/sync/sync.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

constexpr int64_t kTickNs = 20 * 1000;
constexpr int64_t kTickMaxNs = 10 * 1000 * 1000;
constexpr int64_t kDeepSleepNs = INT64_C(60) * 1000 * 1000 * 1000;
constexpr uint32_t kIdleTicksBeforeBackoff = 50;

bool nothing_to_watch(World& world) {
  return world.sched.gcwaiting.load<seq_cst>() != 0 ||
         world.sched.npidle.load<seq_cst>() == world.settings.procs;
}

// True: it slept.
bool deep_sleep(World& world) {
  Sched& sched = world.sched;
  INJECT(sysmon_before_sleep);
  lock(&sched.lock);
  if (!nothing_to_watch(world) || sched.done.load<relaxed>() != 0) {
    unlock(&sched.lock);
    return false;
  }
  sched.sysmonwait.store<seq_cst>(1);
  trace(Event::sysmon_sleep, sched.gcwaiting.peek());
  checkdead(world);
  unlock(&sched.lock);
  INJECT(sysmon_asleep);
  notetsleep(&sched.sysmonnote, world.settings.rescues ? kDeepSleepNs : kForever);
  lock(&sched.lock);
  sched.sysmonwait.store<relaxed>(0);
  noteclear(&sched.sysmonnote);
  trace(Event::sysmon_wake, 0);
  unlock(&sched.lock);
  return true;
}

// A P whose call has nothing waiting behind it may stay with its M for a slice, so that sysmon does
// not take every P of a mostly idle program; but no longer, or sysmon could never sleep (GB-26).
bool may_keep_p(World& world, P* pp, int64_t now_ns) {
  if (!runqempty(pp)) return false;
  uint32_t others = world.sched.nmspinning.load<relaxed>();
  others += world.sched.npidle.load<relaxed>();
  return others > 0 && pp->sysmontick.syscallwhen_ns + world.settings.slice_ns > now_ns;
}

bool retake_from_syscall(World& world, P* pp, int64_t now_ns) {
  SysmonTick& seen = pp->sysmontick;
  uint32_t tick = pp->syscalltick.load<relaxed>();
  if (seen.syscalltick != tick) {  // the first look at this call
    seen.syscalltick = tick;
    seen.syscallwhen_ns = now_ns;
    return false;
  }
  if (may_keep_p(world, pp, now_ns)) return false;
  INJECT(retake_before_cas);
  if (!pcas(pp, Psyscall, Pidle)) return false;
  // Read anew: the P may have been through other calls before the CAS took it.
  pp->syscalltick.store<relaxed>(pp->syscalltick.load<relaxed>() + 1);
  trace(Event::proc_retake, pp->id);
  INJECT(retake_after_cas);
  handoffp(pp);
  return true;
}

bool was_asked(P* pp) {
  M* mp = pp->m.load<acquire>();
  G* gp = mp == nullptr ? nullptr : mp->curg.load<acquire>();
  return gp != nullptr && gp->preempt.load<acquire>() != 0;
}

void preempt_hog(World& world, P* pp, int64_t now_ns) {
  SysmonTick& seen = pp->sysmontick;
  uint32_t tick = pp->schedtick.load<relaxed>();
  if (seen.schedtick != tick) {
    seen.schedtick = tick;
    seen.schedwhen_ns = now_ns;
    return;
  }
  if (seen.schedwhen_ns + world.settings.slice_ns > now_ns) return;
  // Asking again while the request stands is a rescue: one must do. Remembering that somebody was
  // asked is not enough: another may run here by now, who came out of a system call.
  if (!world.settings.rescues && was_asked(pp)) return;
  preemptone(pp);
}

}  // namespace

uint32_t retake(World& world, int64_t now_ns) {
  uint32_t taken = 0;
  for (uint32_t i = 0; i < world.settings.procs; i++) {
    P* pp = &world.allp[i];
    uint32_t status = pp->status.load<seq_cst>();
    if (status == Psyscall) {
      if (retake_from_syscall(world, pp, now_ns)) taken++;
    } else if (status == Prunning) {
      preempt_hog(world, pp, now_ns);
    }
  }
  return taken;
}

void sysmon(M* mp) {
  World& world = *mp->world;
  uint32_t idle_ticks = 0;
  int64_t delay_ns = kTickNs;
  while (world.sched.done.load<acquire>() == 0) {
    if (idle_ticks == 0) {
      delay_ns = kTickNs;
    } else if (idle_ticks > kIdleTicksBeforeBackoff) {
      delay_ns = delay_ns * 2 > kTickMaxNs ? kTickMaxNs : delay_ns * 2;
    }
    os_usleep(delay_ns);
    if (nothing_to_watch(world) && deep_sleep(world)) {
      idle_ticks = 0;
      continue;
    }
    INJECT(sysmon_look);
    int64_t now_ns = os_nanotime();
    uint32_t did = retake(world, now_ns);
    did += timers_fire(world, now_ns);
    idle_ticks = did != 0 ? 0 : idle_ticks + 1;
  }
}

void sysmon_wake(World& world) {
  Sched& sched = world.sched;
  if (sched.sysmonwait.load<relaxed>() == 0) return;
  sched.sysmonwait.store<relaxed>(0);
  notewakeup(&sched.sysmonnote);
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
