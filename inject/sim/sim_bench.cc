// How fast the simulator steps, switches carriers, and begins and ends runs.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <cstdint>

#include "inject/sim/sim.h"
#include "runtime/hook/hook.h"
#include "runtime/os/os.h"

namespace throwsplit::inject {
namespace {

class Keep : public Choice {
 public:
  uint32_t choose(const Menu& menu) override { return keep_running(menu); }
};

// Switches with probability one half at each step.
class Walk : public Choice {
 public:
  uint32_t choose(const Menu& menu) override {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    uint64_t can = menu.willing();
    return mask_nth(can, static_cast<uint32_t>((state_ >> 32) * mask_count(can) >> 32));
  }

 private:
  uint64_t state_ = 88172645463325252;
};

class Look : public Watcher {
 public:
  bool on_step(const Step& step) override {
    seen_ += step.carrier;
    return false;
  }

 private:
  uint64_t seen_ = 0;
};

struct Work {
  uint32_t accesses;
  Shared<uint32_t, Field::user_word> word{0};
};

void access(void* arg) {
  auto* work = static_cast<Work*>(arg);
  for (uint32_t i = 0; i < work->accesses; i++)
    work->word.add<seq_cst>(1);
}

void two_carriers(void* arg) {
  OsThread thread;
  if (!os_thread_create(&thread, access, arg, 0)) return;
  access(arg);
  os_thread_join(thread);
}

void run_steps(benchmark::State& state, Choice* choice, Watcher* watcher) {
  Work work{100'000};
  uint64_t steps = 0;
  for (auto _ : state) {
    SimConfig config;
    config.choice = choice;
    config.watcher = watcher;
    steps += simulate(config, two_carriers, &work).steps;
  }
  state.SetItemsProcessed(static_cast<int64_t>(steps));
}

void steps_keep_running(benchmark::State& state) {
  Keep choice;
  run_steps(state, &choice, nullptr);
}
BENCHMARK(steps_keep_running);

void steps_random_walk(benchmark::State& state) {
  Walk choice;
  run_steps(state, &choice, nullptr);
}
BENCHMARK(steps_random_walk);

void steps_random_walk_watched(benchmark::State& state) {
  Walk choice;
  Look watcher;
  run_steps(state, &choice, &watcher);
}
BENCHMARK(steps_random_walk_watched);

// A whole run of 100 steps, carriers made and joined.
void runs_of_100_steps(benchmark::State& state) {
  Work work{50};
  Walk choice;
  for (auto _ : state) {
    SimConfig config;
    config.choice = &choice;
    benchmark::DoNotOptimize(simulate(config, two_carriers, &work).trace_hash);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(runs_of_100_steps);

void stack_from_the_pool(benchmark::State& state) {
  SimConfig config;
  config.step_max = UINT64_MAX;
  simulate(
      config,
      [](void* arg) {
        for (auto _ : *static_cast<benchmark::State*>(arg)) {
          SanContext san;
          void* memory = os_stack_alloc(64 * 1024, &san);
          os_stack_free(memory, 64 * 1024, &san);
        }
      },
      &state);
}
BENCHMARK(stack_from_the_pool);

}  // namespace
}  // namespace throwsplit::inject
