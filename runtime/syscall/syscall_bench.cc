// Measures what it costs a goroutine to go into the kernel and back, beside its own locked steps.
// SPDX-License-Identifier: Apache-2.0
//
// A transition cannot be cheaper than its four locked operations: compare-and-swap g.status,
// exchange p.status (publish, with a full fence), compare-and-swap p.status (take it back),
// compare-and-swap g.status. `ratio` is the pair enter + exit over those four alone, both measured
// in turns in one run; the goal is 1.4 at most.
#include <benchmark/benchmark.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/gmp/gmp.h"
#include "runtime/os/os.h"
#include "runtime/runtime.h"
#include "runtime/syscall/syscall.h"
#include "runtime/upcalls.h"

namespace throwsplit {
namespace {

constexpr int kBatch = 2000;

NOSPLIT NOINLINE void transition_pair();
void transition_pair() {
  auto* frame = static_cast<uintptr_t*>(__builtin_frame_address(0));
  entersyscall(frame[1], reinterpret_cast<uintptr_t>(frame + 2), frame[0]);
  exitsyscall();
}

// The same operations on the same words of a G and a P that nobody else knows.
NOINLINE void locked_operations(G* gp, P* pp) {
  uint32_t* g = gp->atomicstatus.word();
  uint32_t* p = pp->status.word();
  benchmark::DoNotOptimize(atomic_cas<seq_cst>(g, uint32_t{Grunning}, uint32_t{Gsyscall}));
  benchmark::DoNotOptimize(atomic_exchange<seq_cst>(p, uint32_t{Psyscall}));
  benchmark::DoNotOptimize(atomic_cas<seq_cst>(p, uint32_t{Psyscall}, uint32_t{Prunning}));
  benchmark::DoNotOptimize(atomic_cas<seq_cst>(g, uint32_t{Gsyscall}, uint32_t{Grunning}));
}

template <typename F>
double batch_ns(F fn) {
  int64_t before = os_nanotime();
  for (int i = 0; i < kBatch; i++)
    fn();
  return static_cast<double>(os_nanotime() - before);
}

template <typename F>
void on_a_goroutine(benchmark::State& state, uint32_t procs, F fn) {
  Config config;
  config.procs = procs;
  if (const char* why = run(config, fn)) state.SkipWithError(why);
}

void BM_TransitionPair(benchmark::State& state) {
  on_a_goroutine(state, 1, [&] {
    G g;
    alignas(kCacheLineBytes) P p;
    g.atomicstatus.init(Grunning);
    p.status.init(Prunning);
    // Of each the fastest batch: the one that nobody disturbed.
    double pair_ns = 1e9;
    double locked_ns = 1e9;
    for (auto _ : state) {
      double pairs = batch_ns([] { transition_pair(); });
      pair_ns = std::min(pair_ns, pairs / kBatch);
      locked_ns = std::min(locked_ns, batch_ns([&] { locked_operations(&g, &p); }) / kBatch);
      state.SetIterationTime(pairs * 1e-9);
    }
    state.counters["pair_ns"] = pair_ns;
    state.counters["locked_ns"] = locked_ns;
    state.counters["ratio"] = pair_ns / locked_ns;
  });
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(BM_TransitionPair)->UseManualTime();

void BM_RawGetpid(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(os_syscall6(SYS_getpid, 0, 0, 0, 0, 0, 0));
}
BENCHMARK(BM_RawGetpid);

void BM_SyscallGetpid(benchmark::State& state) {
  on_a_goroutine(state, 1, [&] {
    for (auto _ : state)
      benchmark::DoNotOptimize(syscall(SYS_getpid));
  });
}
BENCHMARK(BM_SyscallGetpid)->UseRealTime();

// The P is handed off and fetched again: with one P idle beside it, and with none.
void BM_SyscallBlockGetpid(benchmark::State& state) {
  on_a_goroutine(state, static_cast<uint32_t>(state.range(0)), [&] {
    for (auto _ : state)
      benchmark::DoNotOptimize(syscall_block(SYS_getpid));
  });
}
BENCHMARK(BM_SyscallBlockGetpid)->Arg(1)->Arg(2)->UseRealTime();

void BM_Blocking(benchmark::State& state) {
  on_a_goroutine(state, 1, [&] {
    for (auto _ : state)
      benchmark::DoNotOptimize(blocking([](void*) { return 0L; }, nullptr).value);
  });
}
BENCHMARK(BM_Blocking)->UseRealTime();

}  // namespace
}  // namespace throwsplit
