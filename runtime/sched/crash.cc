// The last words: reason, scheduler, Ms, Ps, goroutines with their last known frames; then the end.
// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>

#include "runtime/base/print.h"
#include "runtime/base/throw.h"
#include "runtime/sched/sched.h"
#include "runtime/upcalls.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

void to_stderr(void*, const char* text, size_t bytes) { os_print(text, bytes); }

void print_frame(Printer& out, uintptr_t pc, FrameNames names) {
  out << "\t" << hex(pc);
  Dl_info info;
  if (names == FrameNames::shown && dladdr(reinterpret_cast<void*>(pc), &info) != 0) {
    if (info.dli_sname != nullptr) {
      out << " " << info.dli_sname << "+" << hex(pc - reinterpret_cast<uintptr_t>(info.dli_saddr));
    } else {
      out << " (" << info.dli_fname << "+" << hex(pc - reinterpret_cast<uintptr_t>(info.dli_fbase))
          << ")";
    }
  }
  out << "\n";
}

// What follows looks at words that belong to others, who may be running: out of date is good enough
// for last words, and a sanitizer's report in the midst of them is not. So NO_SANITIZE.

// Frame pointers only, inside the goroutine's own stack only: a walk that cannot fault.
NO_SANITIZE uintptr_t word_at(uintptr_t address) { return *reinterpret_cast<uintptr_t*>(address); }

NO_SANITIZE void print_frames(Printer& out, const G* gp, uintptr_t pc, uintptr_t bp,
                              FrameNames names) {
  constexpr int kFramesMax = 32;
  print_frame(out, pc, names);
  for (int i = 0; i < kFramesMax; i++) {
    if (bp < gp->stack.lo || bp + 16 > gp->stack.hi || bp % 8 != 0) return;
    uintptr_t return_pc = word_at(bp + 8);
    if (return_pc == 0) return;
    print_frame(out, return_pc, names);
    uintptr_t next = word_at(bp);
    if (next <= bp) return;
    bp = next;
  }
}

NO_SANITIZE void print_goroutine(Printer& out, const G* gp, const G* crasher, FrameNames names) {
  uint32_t status = gp->atomicstatus.peek();
  if (plainstatus(gp) == Gdead) return;
  out << "\ngoroutine " << gp->goid << " [" << gstatus_name(status);
  if (plainstatus(gp) == Gwaiting && gp->waitreason[0] != 0) out << ", " << gp->waitreason;
  if (gp->throwsplit) out << ", throwsplit";
  out << "]:\n";
  if (gp->syscallsp != 0 && gp != crasher) {
    print_frames(out, gp, gp->syscallpc, gp->syscallbp, names);
  } else if (plainstatus(gp) == Grunning && gp != crasher) {
    out << "\trunning on another thread; stack unavailable\n";
  } else {
    print_frames(out, gp, gp->sched.pc, gp->sched.bp, names);
  }
}

// Out of line: its frame does not belong on the stack of the goroutine that dies.
[[noreturn]] NOINLINE void crash_on_g0(const CrashReason* crash);
void crash_on_g0(const CrashReason* crash) {
  G* g0 = getg();
  M* mp = g0 == nullptr ? nullptr : g0->m;
  Printer out(to_stderr);
  if (mp != nullptr && mp->throwing) {
    out << "fatal error during a fatal error: " << crash->reason << "\n";
    out.flush();
    os_abort();
  }
  if (mp != nullptr) {
    mp->throwing = true;
    // The first cause is the one to be told; another M that dies meanwhile waits for the end.
    if (mp->world->crashing.exchange<acq_rel>(1) != 0) {
      for (;;)
        os_usleep(INT64_C(1000) * 1000 * 1000);
    }
  }
  for (uint32_t i = 0; i < crash->detail_count; i++) {
    out << crash->details[i].name << " = " << static_cast<unsigned long>(crash->details[i].value)
        << " (" << hex(crash->details[i].value) << ")\n";
  }
  if (crash->where != nullptr) out << crash->where << "\n";
  out << "fatal error: " << crash->reason << "\n";
  out.flush();
  if (mp != nullptr) {
    freezetheworld(*mp->world);
    print_world(*mp->world, FrameNames::shown);
  }
  os_abort();
}

}  // namespace

void crash_report(const CrashReason* crash) {
  if (getg() == nullptr) crash_on_g0(crash);
  systemstack([](void* arg) { crash_on_g0(static_cast<const CrashReason*>(arg)); },
              const_cast<CrashReason*>(crash));
  __builtin_trap();  // nobody comes back from there
}

NO_SANITIZE void print_world(World& world, FrameNames names) {
  Printer out(to_stderr);
  Sched& sched = world.sched;
  G* self = getg();
  const G* crasher = self == nullptr || self->m == nullptr ? nullptr : self->m->curg.peek();
  out << "\nSCHED: gcwaiting=" << sched.gcwaiting.peek() << " stopwait=" << sched.stopwait.peek()
      << " sysmonwait=" << sched.sysmonwait.peek() << " npidle=" << sched.npidle.peek()
      << " nmspinning=" << sched.nmspinning.peek() << " runqsize=" << sched.runqsize.peek()
      << " mcount=" << sched.mcount << " nmidle=" << sched.nmidle
      << " nmidlelocked=" << sched.nmidlelocked << " goroutines=" << sched.goroutines.peek()
      << "\n";
  for (uint32_t i = 0; i < world.settings.procs; i++) {
    P* pp = &world.allp[i];
    M* mp = pp->m.peek();
    out << "  P" << i << ": status=" << pstatus_name(pp->status.peek())
        << " schedtick=" << pp->schedtick.peek() << " syscalltick=" << pp->syscalltick.peek()
        << " m=" << (mp == nullptr ? -1L : static_cast<long>(mp->id))
        << " runqsize=" << pp->runqtail.peek() - pp->runqhead.peek() << "\n";
  }
  for (M* mp = sched.allms; mp != nullptr; mp = mp->alllink) {
    P* pp = mp->p.peek();
    G* gp = mp->curg.peek();
    out << "  M" << mp->id << ": p=" << (pp == nullptr ? -1L : static_cast<long>(pp->id))
        << " curg=" << (gp == nullptr ? -1L : static_cast<long>(gp->goid)) << " locks=" << mp->locks
        << " spinning=" << mp->spinning.peek() << " throwing=" << mp->throwing
        << " lockedg=" << (mp->lockedg == nullptr ? -1L : static_cast<long>(mp->lockedg->goid))
        << (mp == world.sysmon ? " (sysmon)" : "")
        << (mp == sched.newm_handoff.m ? " (template thread)" : "") << "\n";
  }
  for (G* gp = sched.allgs; gp != nullptr; gp = gp->alllink)
    print_goroutine(out, gp, crasher, names);
  out.flush();
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
