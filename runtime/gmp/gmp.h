// G, M, P and the World they live in: data, and who may touch it.
// SPDX-License-Identifier: Apache-2.0
//
// G is a goroutine, M a thread of the kernel, P the right to run Go-style code: there are as many
// Ps as goroutines may run at once. An M needs a P to run a goroutine and none to sit in a system
// call, and that difference is what this whole project is about.
//
// Every mutable word of the runtime hangs from one World; nothing is global. Words that several Ms
// touch without a lock are Shared<T, Field>: each access is a named step. All other fields have one
// owner at a time, said beside them: [owner] the M that runs the G or owns the P, [lock] under
// sched.lock, [start] written before anybody else can see it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/arch/arch.h"
#include "runtime/base/flavour.h"
#include "runtime/base/list.h"
#include "runtime/gmp/moves.h"
#include "runtime/hook/hook.h"
#include "runtime/os/os.h"
#include "runtime/stack/framemap.h"
#include "runtime/trace/trace.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

struct G;
struct M;
struct P;
struct World;

// A mutual exclusion for the runtime itself; operations in sync/. Ranks: a lock may be taken only
// while every lock held has a lower rank.
// `scan` is no lock but the scan bit of some goroutine: who waits for it may hold nothing above.
enum class LockRank : uint8_t { timers = 1, sched = 2, scan = 3, stack = 4, heap = 5 };
struct Mutex {
  Shared<uint32_t, Field::lock_word> key;
  LockRank rank = LockRank::sched;
};

// A one-shot wake-up; operations in sync/. Clear it before the next arming.
struct Note {
  Shared<uint32_t, Field::note_word> key;
};

// A goroutine's stack; drawn in arch/layout.h.
struct StackRange {
  uintptr_t lo = 0;                   // soft limit: the guard lies StackGuard above it
  uintptr_t hi = 0;                   // one past the highest byte
  uintptr_t base = 0;                 // lowest byte of the reserved range
  bool fenced = false;                // the lowest page faults; else guard words stand there
  uint32_t guard_bytes = StackGuard;  // from lo up to the guard
};

// A slot of a mapped stack that others may write to while its goroutine waits or runs; a move
// adjusts it. Lives elsewhere than on that stack. See stack/copystack.h.
struct StackRef {
  uintptr_t slot = 0;
  StackRef* next = nullptr;
};

struct G {
  // Assembly knows these places (arch/layout.h).
  Gobuf sched;     // [owner] where it goes on
  M* m = nullptr;  // [owner] never read through it otherwise
  alignas(16) Shared<uintptr_t, Field::g_stackguard0> stackguard0;  // the truth of the guard
  alignas(16) Shared<uint32_t, Field::g_preempt> preempt;           // the sticky request
  alignas(16) SanContext san;

  Shared<uint32_t, Field::g_status> atomicstatus;
  uint32_t index = 0;  // [start] order of creation in this World
  uint64_t goid = 0;   // [start] never used twice in a World
  StackRange stack;    // [owner]

  bool throwsplit = false;  // [owner] may not split: dies if it does
  uintptr_t syscallsp = 0;  // [owner] non-zero from entersyscall to exitsyscall
  uintptr_t syscallpc = 0;
  uintptr_t syscallbp = 0;
  uintptr_t syscallscansp = 0;  // what a collector looks at begins here: the stub's frame, too
  void* syscallfake = nullptr;  // AddressSanitizer's side of the stack, as entersyscall found it
  StackRange syscallstack;      // bounds as entersyscall found them

  void (*startfn)(void*) = nullptr;  // [start]
  void* startarg = nullptr;
  const char* waitreason = "";                   // [owner]
  G* schedlink = nullptr;                        // [queue]
  G* alllink = nullptr;                          // [start]
  Shared<uint32_t, Field::user_word> parktoken;  // see sched/park.cc
  int64_t wake_ns = 0;                           // [timers] when a sleeper is due
  uint32_t timer_index = 0;                      // [timers]
  void* cxa_caught = nullptr;  // [owner] the C++ runtime's state of exceptions in flight
  unsigned cxa_uncaught = 0;
  uint32_t ends = 0;       // [owner] how often a goroutine ended here
  M* lockedm = nullptr;    // [owner] the M it is tied to; see sched/lockedm.cc
  bool mapped = false;     // [start] its stack may move
  bool stackmove = false;  // [owner] and is to, at the next check
  // [owner] of a mapped goroutine: the M that is in its park window, where unlockf may still look
  // at its stack; cleared by that M.
  Shared<M*, Field::g_parkingm> parkingm;
  Shared<uint32_t, Field::g_preemptscan> preemptscan;  // it is to look at its own stack when it
                                                       // gives way
  Shared<uint32_t, Field::g_gcworkdone> gcworkdone;    // [scan bit, or owner] in this phase
  Mutex stackrefs_lock;
  StackRef* stackrefs = nullptr;  // [stackrefs_lock]
};

static_assert(offsetof(G, sched) + offsetof(Gobuf, sp) == G_SCHED_SP);
static_assert(offsetof(G, sched) + offsetof(Gobuf, pc) == G_SCHED_PC);
static_assert(offsetof(G, sched) + offsetof(Gobuf, bp) == G_SCHED_BP);
static_assert(offsetof(G, m) == G_M);
static_assert(offsetof(G, stackguard0) == G_STACKGUARD0);
static_assert(offsetof(G, preempt) == G_PREEMPT);
static_assert(offsetof(G, san) == G_SAN);

using GQueue = Queue<G, &G::schedlink>;
using GList = LifoList<G, &G::schedlink>;

// A range that a mapped goroutine left.
struct OldStack {
  uintptr_t base = 0;
  size_t bytes = 0;  // that checked code could use
};

struct M {
  // Assembly knows these places (arch/layout.h).
  G* g0 = nullptr;                         // [start] the goroutine of the system stack
  Shared<G*, Field::m_curg> curg;          // the user goroutine that runs here
  alignas(32) uint64_t scalararg[2] = {};  // [owner] arguments of system-stack halves
  int32_t locks = 0;                       // [owner] may not be preempted while not zero

  World* world = nullptr;    // [start]
  uint32_t id = 0;           // [start] order of creation
  Shared<P*, Field::m_p> p;  // the P it runs with; empty in a system call
  P* nextp = nullptr;        // [handed over through park] the P to start with
  P* oldp = nullptr;         // [owner] in a system call: the P it left, a hint only
  uint32_t syscalltick = 0;  // [owner] oldp's tick when it was left
  Shared<uint32_t, Field::m_spinning> spinning;  // looks for work and holds none
  uint32_t held_ranks = 0;                       // [owner] a bit a rank
  bool throwing = false;                         // [owner]
  uintptr_t guard_handle = 0;                    // [start] for others to write this M's guard slot
  Note park;                                     // where it sleeps when there is nothing to do
  M* schedlink = nullptr;                        // [lock] the idle list, or newm_handoff
  M* alllink = nullptr;                          // [start]
  void (*mstartfn)(M*) = nullptr;                // [start] runs instead of the scheduler (sysmon)
  bool (*waitunlockf)(G*, void*) = nullptr;      // [owner] gopark's last words
  void* waitlock = nullptr;
  OldStack oldstack;         // [owner] out of quarantine, and not yet anywhere else
  G* lockedg = nullptr;      // [owner] the goroutine tied to this M: it runs nothing else
  uint32_t lockedcount = 0;  // [owner] how often it was tied
  uint64_t fastrand = 0;     // [owner]
  uint32_t schedtick = 0;    // [owner] rounds of its scheduler
  OsThread thread;           // [start]
  G g0_storage;
  TraceRing* ring = nullptr;  // [start] null: tracing is off
};
static_assert(offsetof(M, g0) == M_G0);
static_assert(offsetof(M, curg) == M_CURG);
static_assert(offsetof(M, scalararg) == M_SCALARARG);
static_assert(offsetof(M, locks) == M_LOCKS);

// Short in hooked flavours, so that overflow to the global queue is reached by small programs.
inline constexpr uint32_t kRunqCount = THROWSPLIT_HOOKS ? 4 : 256;

// What sysmon remembers of a P between looks.
struct SysmonTick {
  uint32_t schedtick = 0;
  uint32_t syscalltick = 0;
  int64_t schedwhen_ns = 0;
  int64_t syscallwhen_ns = 0;
};

struct alignas(kCacheLineBytes) P {
  Shared<uint32_t, Field::p_status> status{Pgcstop};
  uint32_t id = 0;                                     // [start]
  Shared<M*, Field::p_m> m;                            // empty when no M runs with it
  Shared<uint32_t, Field::p_schedtick> schedtick;      // one more a goroutine started
  Shared<uint32_t, Field::p_syscalltick> syscalltick;  // one more a system call left or robbed
  P* link = nullptr;                                   // [lock] the idle list
  SysmonTick sysmontick;                               // [sysmon]

  // The run queue: a ring; the owner puts at the tail, anybody may take at the head.
  Shared<uint32_t, Field::p_runqhead> runqhead;
  Shared<uint32_t, Field::p_runqtail> runqtail;
  Shared<G*, Field::p_runq> runq[kRunqCount];
};

// Sleeping goroutines, earliest first: a binary heap in memory from the kernel.
struct Timers {
  Mutex lock;
  G** heap = nullptr;     // [timers]
  uint32_t count = 0;     // [timers]
  uint32_t capacity = 0;  // [timers]
  M* keeper = nullptr;    // [timers] the idle M that sleeps until the earliest is due
  Shared<int64_t, Field::sched_timer0> first_ns;  // when the earliest is due, 0: none; for peeks
  Shared<uint32_t, Field::sched_timerkept> kept;  // there is a keeper; for peeks
};

// What orders the right to stop the world.
struct WorldSema {
  bool held = false;  // [lock]
  GQueue waiters;     // [lock]
};

// Requests for threads that the template thread is to make; see sched/template_thread.cc.
struct NewmHandoff {
  LifoList<M, &M::schedlink> list;  // [lock] with their Ps in nextp
  bool have = false;                // [lock] somebody makes, or has made, the template thread
  bool waiting = false;             // [lock] it sleeps on `wake`
  M* m = nullptr;                   // [lock] the template thread
  Note wake;
};

#if THROWSPLIT_HOOKS
// An M without a P that stops the world when an injection point asks; see sched/injected_stop.cc.
struct InjectedStop {
  bool armed = false;                              // [start] some plan asks for stops
  M* m = nullptr;                                  // [lock] who makes them
  bool stopping = false;                           // [lock]
  Shared<uint32_t, Field::sched_stopasked> asked;  // signalled, and not yet begun
  Note wake;
};
#endif

struct Sched {
  Mutex lock;
  uint64_t goidgen = 0;                              // [lock]
  uint32_t gcount_made = 0;                          // [lock] Gs in existence, dead ones too
  Shared<uint32_t, Field::sched_ngwork> goroutines;  // not yet ended
  GList gfree;                                       // [lock]
  G* allgs = nullptr;                                // [lock]

  LifoList<M, &M::schedlink> midle;  // [lock]
  uint32_t nmidle = 0;               // [lock]
  int32_t nmidlelocked = 0;          // [lock] Ms that wait for their tied goroutine
  uint32_t mcount = 0;               // [lock]
  M* allms = nullptr;                // [lock] newest first

  LifoList<P, &P::link> pidle;  // [lock]
  Shared<uint32_t, Field::sched_npidle> npidle;
  Shared<uint32_t, Field::sched_nmspinning> nmspinning;

  GQueue runq;                                       // [lock]
  Shared<uint32_t, Field::sched_runqsize> runqsize;  // its length, for peeks

  Shared<uint32_t, Field::sched_gcwaiting> gcwaiting;  // the world is to stop
  Shared<uint32_t, Field::sched_stopwait> stopwait;    // Ps not yet stopped
  Note stopnote;
  Shared<uint32_t, Field::sched_freezing> freezing;      // a crash froze the world: never again
  Shared<uint32_t, Field::sched_sysmonwait> sysmonwait;  // sysmon sleeps deeply and must be woken
  Note sysmonnote;
  WorldSema worldsema;
  Timers timers;
  NewmHandoff newm_handoff;
#if THROWSPLIT_HOOKS
  InjectedStop injected_stop;
#endif
  Shared<uint32_t, Field::sched_done> done;  // every goroutine ended: Ms go home
};

// Limits and switches of a World; fixed once it runs.
struct Settings {
  uint32_t procs = 1;
  bool rescues = true;  // false: nothing that turns a hang into mere latency (docs/syscall.md)
  bool tracing = false;
  uint32_t max_ms = 10000;
  int64_t slice_ns = 10'000'000;  // how long a goroutine, or a P in a call, is left alone by sysmon
  // Only canonical checks (morestack_canonical) may preempt or be told of. Why: where compilers put
  // prologues depends on what they inlined, and a simulated run may not. Any other tripped check
  // grows silently, and still dies under throwsplit.
  bool canonical_checks = false;
  // Debug modes, as if a plan asked: at every canonical check the stack of mapped code moves; at
  // every one the goroutine gives way.
  bool move_at_checks = false;
  bool preempt_at_checks = false;
  size_t stack_bytes = kStackReservedBytesDefault;
  size_t mapped_bytes_max = kMappedBytesMaxDefault;  // more is a stack overflow
  size_t gc_trigger_bytes = 0;  // collect when this much was allocated since; 0: when asked
};

inline constexpr uint32_t kProcsMax = 256;
inline constexpr uint32_t kNoIndex = UINT32_MAX;  // in traces: no goroutine

// Gs come from the kernel in slabs and live as long as the World, so that a stale pointer to one
// never points at anything else.
struct GSlab {
  static constexpr uint32_t kGs = THROWSPLIT_HOOKS ? 32 : 128;
  GSlab* next = nullptr;
  uint32_t used = 0;
  G gs[kGs];
};

// The stacks of mapped goroutines; see stack/pool.h.
struct StackPool {
  static constexpr uint32_t kClasses = 6;  // of free stacks kept: 2 KiB to 64 KiB
  static constexpr uint32_t kQuarantined = 32;
  using Old = OldStack;
  Mutex lock;
  uintptr_t free[kClasses] = {};  // [lock] each holds the next in its first word
  Old old[kQuarantined];          // [lock] a ring
  uint32_t oldest = 0;            // [lock]
};

// What a scanner's work is just now. A collection looks at stacks while the world runs, then stops
// it and marks.
enum GcPhase : uint32_t { GCoff = 0, GCscan = 1, GCmark = 2 };

// The collected heap; see gc/.
struct GcHeap;
struct Gc {
  Shared<uint32_t, Field::gc_phase> phase;
  Mutex lock;
  GcHeap* heap = nullptr;  // [lock] made when first asked for
};

struct World {
  Settings settings;
  uint32_t ncpu = 1;  // [start] that this process may run on
  Sched sched;
  P* allp = nullptr;       // [start] settings.procs of them
  M m0;                    // the thread that runs the World
  M* sysmon = nullptr;     // [lock]
  GSlab* slabs = nullptr;  // [lock] the memory of all Gs
  StackPool stackpool;
  FrameMaps framemaps;
  Mutex framemaps_lock;
  Gc gc;
  Shared<uint32_t, Field::sched_freezing> crashing;
};

// The World of the code that runs here.
ALWAYS_INLINE World& this_world() { return *getg()->m->world; }

NOSPLIT COLD PRESERVE_MOST void trace_write(M* mp, Event event, uint32_t a, uint32_t b);

// Tells of a step just taken: to the M's ring, and in hooked flavours to whoever listens.
ALWAYS_INLINE void trace(Event event, uint32_t a, uint32_t b = 0) {
#if THROWSPLIT_HOOKS
  hook_site(static_cast<Site>(kEventSites + static_cast<uint16_t>(event)), a, b);
#endif
  M* mp = getg()->m;
  if (UNLIKELY(mp->ring != nullptr)) trace_write(mp, event, a, b);
}

// ---- Status words ------------------------------------------------------------------------------

// A status moves only through these; each move must stand in moves.def.

ALWAYS_INLINE uint32_t readgstatus(const G* gp) { return gp->atomicstatus.load<acquire>(); }

// What a goroutine is, whoever looks at its stack meanwhile. For those who own it, and onlookers.
ALWAYS_INLINE uint32_t plainstatus(const G* gp) {
  return gp->atomicstatus.peek() & ~uint32_t{Gscan};
}

ALWAYS_INLINE void made_move(int row, uint32_t object) {
#if THROWSPLIT_HOOKS
  hook_site(static_cast<Site>(kMoveSites + row), object);
#else
  (void)row;
  (void)object;
#endif
}

// Moves gp from one status to another. Waits while a scanner holds the scan bit; a running
// goroutine that was asked to look at its stack does so meanwhile, on the system stack. True: it
// did wait, and g.sched may be what that left there.
// Needs: the mover's right to make this move (moves.def), no lock that ranks above the scan bit.
// May not: split.
NOSPLIT bool casgstatus(G* gp, uint32_t oldval, uint32_t newval);
// The waiting alone, and the move.
NOSPLIT COLD PRESERVE_MOST void casgstatus_wait(G* gp, uint32_t oldval, uint32_t newval);

// Sets the scan bit beside the status; false: the status has changed, read it anew. Whoever got
// true owns the stack (of a running goroutine: only its stay on its M). Needs: no lock that ranks
// above the bit, no other scan bit. Leaves: the bit counted among the ranks this M holds.
bool castogscanstatus(G* gp, uint32_t oldval, uint32_t newval);
// Clears it. Needs: the bit is this M's.
void casfromgscanstatus(G* gp, uint32_t oldval, uint32_t newval);

// Tries to move P. True: it is ours to act on. False: somebody else was first.
NOSPLIT bool pcas(P* pp, uint32_t oldval, uint32_t newval);
// Moves a P that nobody else may move now.
NOSPLIT void pset(P* pp, uint32_t oldval, uint32_t newval);

const char* gstatus_name(uint32_t status);
const char* pstatus_name(uint32_t status);

// Binds the named words of a fresh structure to its number.
void bind_g(G* gp);
void bind_m(M* mp);
void bind_p(P* pp);

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
