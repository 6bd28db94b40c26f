// Measures a move to half the size, by what is in use, and the growth back.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include "runtime/runtime.h"
#include "runtime/sched/sched.h"
#include "runtime/stack/copystack.h"
#include "runtime/stack/pool.h"
#include "runtime/stack/shrink_probe.h"
#include "runtime/stack/stack.h"

namespace throwsplit {
namespace {

struct Plan {
  benchmark::State* state;
  size_t bytes;  // the size that is halved
} plan;

// Runs on the system stack, under a goroutine that is `depth` frames deep.
void measure(void*) {
  G* gp = getg()->m->curg.peek();
  for (auto _ : *plan.state) {
    plan.state->PauseTiming();
    copystack(gp, plan.bytes);
    plan.state->ResumeTiming();
    benchmark::DoNotOptimize(shrinkstack(gp));
  }
  gp->stackguard0.init(stack_guard(gp));
}

G* measure_m(G* gp) {
  measure(nullptr);
  return gp;
}

// What is in use stays small here: a stack shrinks only if it is.
void BM_Shrink(benchmark::State& state) {
  Config config;
  config.procs = 1;
  const char* why = run(config, [&] {
    plan = {&state, static_cast<size_t>(state.range(0)) * 1024};
    throwsplit_shrink_wait = measure_m;
    if (const char* wrong = shrink_probe::register_probe()) state.SkipWithError(wrong);
    go_mapped(throwsplit_shrink_main, reinterpret_cast<void*>(1));
  });
  if (why != nullptr) state.SkipWithError(why);
}
BENCHMARK(BM_Shrink)->Arg(4)->Arg(16)->Arg(64)->Arg(1024);

}  // namespace
}  // namespace throwsplit
