// The scheduler: who runs what, how the world stops, how a goroutine is asked to give way.
// SPDX-License-Identifier: Apache-2.0
//
// An M runs schedule_loop on its system stack for its whole life: it chooses a goroutine, gogo
// enters it, and a goroutine that wants anything done on the system stack comes back through mcall
// with the function to run. So no frame of the system stack is ever abandoned, which the sanitizers
// like, and its depth is bounded.
//
// The invariants the rest relies on:
//  I1  Work and an idle P do not stay together: whoever makes work calls wakep unless somebody is
//      already spinning; whoever stops spinning, and whoever puts a P on the idle list, looks once
//      more after saying so.
//  I2  A stop does not wait for a system call: entersyscall publishes Psyscall, then looks at
//      gcwaiting; the stopper sets gcwaiting, then scans. At least one of them sees the other.
//  I3  A request to give way is not lost: it is a sticky flag; whoever writes a clean guard reads
//      the flag afterwards, with a full fence in between.
//  I4  A P that is on no list is in the hands of exactly one agent, who may not be preempted.
#pragma once

#include <cstdint>

#include "runtime/gmp/gmp.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

// ---- M -----------------------------------------------------------------------------------------

void schedule_loop(M* mp);
// Starts an M for P (or for any idle P when null); `spinning`: the caller has counted it in
// nmspinning.
void startm(P* pp, bool spinning);
// Stops this M until there is work. Needs: no P, not spinning. Leaves: a P, or the World is over.
void stopm();
// Everybody asleep with goroutines left: dies instead of sleeping on. Needs sched.lock. Asked by
// whoever goes to sleep, M or sysmon; a sysmon that is awake may still hold a P or a goroutine in
// its hands.
void checkdead(World& world);
// One more P should look for work.
void wakep();
// A new thread for P. May die: thread exhaustion. With fn it runs that instead of the scheduler: it
// needs no P, is not counted, and is written down in *slot under sched.lock.
void newm(void (*fn)(M*), P* pp, bool spinning, M** slot = nullptr);
// Has the kernel start the thread of an M that is all made.
void newm_start(M* mp);
void mcommoninit(World& world, M* mp);

// ---- Goroutines tied to an M (lockedm.cc, template_thread.cc) ----------------------------------

// Ties the goroutine that calls to its M, and undoes one such call; both from goroutines.
void lock_os_thread();
void unlock_os_thread();
// The goroutine that just ended here is tied no more.
void unlock_dead(M* mp, G* gp);
// This M waits until its tied goroutine is runnable. Leaves: a P.
void stoplockedm();
// Gives this M's P to the M that a chosen goroutine is tied to. Leaves: no P.
void startlockedm(G* gp);
// Leaves the start of mp's thread to the template thread. Needs sched.lock.
void newm_handoff(World& world, M* mp);
void start_template_thread(World& world);
// The world is over. Needs sched.lock.
void template_thread_wake(World& world);

// ---- P -----------------------------------------------------------------------------------------

void acquirep(P* pp);
P* releasep();
// Passes on a P that is in the caller's hands: to an M if there is work for it, else to the idle
// list.
void handoffp(P* pp);
// Needs sched.lock.
void pidleput(World& world, P* pp);
P* pidleget(World& world);
// Whoever put a P on the idle list asks this afterwards (I1): somebody may have made work and have
// seen no idle P to wake.
void wake_for_work(World& world);

// The one predicate for "would the scheduler find something for this P": a goroutine in its queue
// or in the global one, or a timer that nobody waits for. handoffp, the second look of whoever
// idles a P, findrunnable and the oracle of work conservation all ask it; `read` is how each of
// them reads a shared word.
template <typename Read>
ALWAYS_INLINE bool is_queued_by(World& world, P* pp, Read read) {
  uint32_t head = read(pp->runqhead);
  uint32_t tail = read(pp->runqtail);
  if (head != tail) return true;
  return read(world.sched.runqsize) != 0;
}
template <typename Read>
ALWAYS_INLINE bool timers_unkept_by(World& world, Read read) {
  if (read(world.sched.timers.first_ns) == 0) return false;
  return read(world.sched.timers.kept) == 0;
}
template <typename Read>
ALWAYS_INLINE bool has_work_by(World& world, P* pp, Read read) {
  return is_queued_by(world, pp, read) || timers_unkept_by(world, read);
}
// The runtime's way to read, each a step. Oracles peek.
struct LoadWord {
  template <typename T, Field F>
  ALWAYS_INLINE T operator()(const Shared<T, F>& word) const {
    return word.template load<seq_cst>();
  }
};
bool has_work(World& world, P* pp);
// Of any P.
bool has_work_anywhere(World& world);

// ---- Run queues --------------------------------------------------------------------------------

void runqput(World& world, P* pp, G* gp);
G* runqget(P* pp);
bool runqempty(P* pp);
G* runqsteal(P* pp, P* victim);
// Need sched.lock.
void globrunqput(World& world, G* gp);
G* globrunqget(World& world, P* pp, uint32_t most);

// ---- Goroutines --------------------------------------------------------------------------------

// Null: the kernel refused memory.
G* newproc(void (*fn)(void*), void* arg, size_t stack_bytes);
// The same for code with frame maps, on a stack that moves. Needs: fn keeps the promises of
// runtime.h, go_mapped.
G* newproc_mapped(void (*fn)(void*), void* arg);
// Unwires the M's goroutine.
void dropg();
// Stops the running goroutine. unlockf runs on the system stack once it is Gwaiting; false: go on
// at once. May not be called with `locks` held.
void gopark(bool (*unlockf)(G*, void*), void* lock, const char* reason);
// Makes a waiting goroutine runnable. Needs: the system stack, and the one right to wake it.
void ready(G* gp);
// The same from a goroutine.
void goready(G* gp);
G* gosched_m(G* gp);
// Waits for a token, or takes the one that came first; unpark leaves one. Both from goroutines.
void park_goroutine();
void unpark_goroutine(G* gp);

// What mapped code waits with: it has no frame to call gopark from, so it leaves by mcall. Called
// from a function that it came to that way, and returns what that function is to return.
G* gopark_m(G* gp, bool (*unlockf)(G*, void*), void* lock, const char* reason);
// park_goroutine in two halves; the second, once gp runs again, on the system stack.
G* park_goroutine_m(G* gp);
void park_goroutine_woken(G* gp);
// For an unlockf of one's own: gp waits from here on. False: its token came first.
bool park_goroutine_commit(G* gp);
// Until gp->wake_ns, which its owner has set.
G* sleep_m(G* gp);
G* semacquire_world_m(G* gp);

// ---- Preemption and stack checks ---------------------------------------------------------------

// Asks the goroutine that runs on P to give way. False: nobody to ask.
bool preemptone(P* pp);
void preemptall(World& world);
// Asks the goroutine that runs here.
NOSPLIT void preempt_self(G* gp);
G* newstack(G* gp);

// A split check at a place that every compiler agrees on, for code that declares its own frames:
// the guest of the simulator. `grown_bytes`: the soft limit after growth, or 0 when the frame fits.
// Returns at once unless the guard is poisoned or the frame asks for growth.
NOSPLIT void morestack_canonical(uint32_t grown_bytes);

extern "C" {
// The same for mapped code, whose frames are its own: it calls the first before it compares, and
// the second once its check has passed.
NOSPLIT void check_mapped() ASM_NAME(check_mapped);
NOSPLIT void check_mapped_passed() ASM_NAME(check_mapped_passed);
}

// ---- Sysmon ------------------------------------------------------------------------------------

void sysmon(M* mp);
// Needs sched.lock.
void sysmon_wake(World& world);
uint32_t retake(World& world, int64_t now_ns);

// ---- The whole world ---------------------------------------------------------------------------

// Both on the system stack of the stopper's M, with the right to stop (semacquire_world). The
// stopper may have no P: then every P stops.
void stoptheworld(World& world);
void starttheworld(World& world);
// stop, fn(arg), start; the argument is a WorldStop.
struct WorldStop {
  void (*fn)(void*);
  void* arg;
};
void stop_run_start(void* stop);
// A crash stops everybody it can, for good, and never waits.
void freezetheworld(World& world);
void semacquire_world();
void semrelease_world();
void semrelease_world_m(World& world);  // from an M that runs no goroutine
// This M saw gcwaiting: gives its P to the stopper and stops.
void gcstopm();

#if THROWSPLIT_HOOKS
// Stops that injection points ask for; see injected_stop.cc. Asking may be done anywhere.
void injected_stop_init(World& world);
NOSPLIT void injected_stop_ask(World& world);
#endif

// ---- Time --------------------------------------------------------------------------------------

bool timer_add(G* gp, void* unused);
// Makes sleepers that are due runnable; how many.
uint32_t timers_fire(World& world, int64_t now_ns);
// When the earliest is due; 0: none.
int64_t timers_first(World& world);
// This M is to wait for the earliest timer. Needs: no P. False: no timer, or somebody else waits.
bool timers_keep(World& world);
// It shall not after all.
void timers_unkeep(World& world);
// It waits. Leaves: what was due is fired; a P, or none was idle.
void timers_wait(World& world);

// ---- World -------------------------------------------------------------------------------------

// Runs fn(arg) as the first goroutine of a new World on this thread and others; returns when every
// goroutine has ended. False: the kernel refused memory; or the reason why the World cannot start.
const char* world_run(const Settings& settings, void (*fn)(void*), void* arg, World** observed);
// Frees what an abandoned simulation left of a World. Needs: nobody runs in it, ever again.
void world_drop(World* world);
void world_done(World& world);
// Prints scheduler, Ms, Ps, goroutines with tracebacks. With hidden names it is async-signal-safe,
// from any thread: it takes no lock and reads what others may be writing.
enum class FrameNames : uint8_t { hidden, shown };
void print_world(World& world, FrameNames names);

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
