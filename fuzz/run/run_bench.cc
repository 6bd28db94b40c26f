// How fast whole runs go: the runtime, the simulated kernel and every oracle together.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include "fuzz/run/run.h"

namespace throwsplit::fuzz {
namespace {

Op op(OpCode code, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0) {
  return Op{static_cast<uint8_t>(code), {a, b, c}};
}

// Two goroutines that hand bytes through a pipe beside one that stops the world.
Input program() {
  Input input;
  input.config.rescues = false;
  input.bodies.resize(3);
  input.bodies[0].ops = {op(OpCode::kSpawn, 1), op(OpCode::kSpawn, 2), op(OpCode::kSpin, 20),
                         op(OpCode::kStw, 3),   op(OpCode::kGetpid),   op(OpCode::kYield)};
  input.bodies[1].ops = {op(OpCode::kCall, 512), op(OpCode::kRead, 0, 0, 16), op(OpCode::kRet),
                         op(OpCode::kSleep, 100'000)};
  input.bodies[2].ops = {op(OpCode::kNanosleep, 1, 20'000), op(OpCode::kWrite, 0, 0, 16),
                         op(OpCode::kStw, 2), op(OpCode::kSpin, 20)};
  return input;
}

void whole_run(benchmark::State& state, Strategy strategy) {
  Input input = program();
  input.schedule.strategy = strategy;
  uint64_t steps = 0;
  for (auto _ : state) {
    input.schedule.seed++;
    const Outcome outcome = run(input);
    if (outcome.verdict != Verdict::pass) state.SkipWithError("the unbroken runtime must pass");
    steps += outcome.steps;
  }
  state.SetItemsProcessed(static_cast<int64_t>(steps));  // items are steps
  state.counters["runs/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void BM_WholeRun(benchmark::State& state) { whole_run(state, Strategy::kRandom); }
BENCHMARK(BM_WholeRun);
void BM_WholeRunPct(benchmark::State& state) { whole_run(state, Strategy::kPct); }
BENCHMARK(BM_WholeRunPct);
void BM_WholeRunPos(benchmark::State& state) { whole_run(state, Strategy::kPos); }
BENCHMARK(BM_WholeRunPos);

}  // namespace
}  // namespace throwsplit::fuzz
