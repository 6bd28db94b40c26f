// Measures the scheduler's daily work: start, give way, wait, wake, stop the world, grow.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <atomic>

#include "runtime/runtime.h"
#include "runtime/sched/sched.h"

namespace throwsplit {
namespace {

template <typename F>
void on_a_goroutine(benchmark::State& state, uint32_t procs, F fn) {
  Config config;
  config.procs = procs;
  if (const char* why = run(config, fn)) state.SkipWithError(why);
}

void nothing(void*) {}

// ---- Start, run, end

void BM_SpawnOne(benchmark::State& state) {
  on_a_goroutine(state, 1, [&] {
    for (auto _ : state) {
      go_world(nothing, nullptr);
      yield();  // it runs, and ends
    }
  });
}
BENCHMARK(BM_SpawnOne)->UseRealTime();

void BM_SpawnBatch(benchmark::State& state) {
  constexpr int kBatch = 200;
  on_a_goroutine(state, 1, [&] {
    for (auto _ : state) {
      for (int i = 0; i < kBatch; i++)
        go_world(nothing, nullptr);
      yield();  // all of them are before us
    }
  });
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(BM_SpawnBatch)->UseRealTime();

// ---- Give way, wait, wake

// One iteration is two switches: there and back.
void BM_YieldPingPong(benchmark::State& state) {
  bool over = false;  // outlives both goroutines
  on_a_goroutine(state, 1, [&] {
    go([&over] {
      while (!over)
        yield();
    });
    for (auto _ : state)
      yield();
    over = true;
  });
  state.SetItemsProcessed(state.iterations() * 2);
}
BENCHMARK(BM_YieldPingPong)->UseRealTime();

// One iteration is two hops; `hop` is the time of one.
void BM_ParkReadyPingPong(benchmark::State& state) {
  struct Shared {
    std::atomic<int> turn{0};
    std::atomic<bool> over{false};
    std::atomic<bool> there{false};
    Goroutine ping, pong;
  } shared;
  on_a_goroutine(state, static_cast<uint32_t>(state.range(0)), [&] {
    Shared* my = &shared;
    shared.ping = self();
    go([my] {
      my->pong = self();
      my->there = true;
      ready(my->ping);
      while (!my->over) {
        while (my->turn == 0 && !my->over)
          park();
        my->turn = 0;
        ready(my->ping);
      }
    });
    while (!shared.there)
      park();
    for (auto _ : state) {
      shared.turn = 1;
      ready(shared.pong);
      while (shared.turn != 0)
        park();
    }
    shared.over = true;
    ready(shared.pong);
  });
  state.counters["hop"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * 2,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_ParkReadyPingPong)->Arg(1)->Arg(2)->UseRealTime();

void BM_Systemstack(benchmark::State& state) {
  on_a_goroutine(state, 1, [&] {
    for (auto _ : state)
      systemstack(nothing, nullptr);
  });
}
BENCHMARK(BM_Systemstack)->UseRealTime();

// ---- Stop the world

NOINLINE void step(std::atomic<uint64_t>* count) {
  count->store(count->load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// With so many goroutines that never give way of their own accord.
void BM_StopTheWorld(benchmark::State& state) {
  const auto spinners = static_cast<uint32_t>(state.range(0));
  std::atomic<bool> over{false};
  std::atomic<uint64_t> steps{0};
  on_a_goroutine(state, spinners + 1, [&] {
    for (uint32_t i = 0; i < spinners; i++) {
      go([&over, &steps] {
        while (!over.load(std::memory_order_relaxed))
          step(&steps);
      });
    }
    for (auto _ : state)
      stop_the_world(nothing, nullptr);
    over = true;
  });
}
BENCHMARK(BM_StopTheWorld)->ArgName("spinners")->Arg(0)->Arg(1)->UseRealTime();

// ---- Stacks

NOINLINE int descend(int64_t bytes) {
  char frame[1024];
  asm volatile("" : : "r"(frame) : "memory");
  return bytes <= 0 ? 0 : descend(bytes - static_cast<int64_t>(sizeof frame)) + 1;
}

// A goroutine that uses so much of its stack: each starts with 8 KiB and doubles from there.
void BM_NativeGrowth(benchmark::State& state) {
  int64_t bytes = state.range(0);
  on_a_goroutine(state, 1, [&] {
    for (auto _ : state) {
      go_world([](void* arg) { benchmark::DoNotOptimize(descend(*static_cast<int64_t*>(arg))); },
               &bytes);
      yield();
    }
  });
}
BENCHMARK(BM_NativeGrowth)->ArgName("bytes")->Arg(0)->Arg(16 << 10)->Arg(128 << 10)->UseRealTime();

}  // namespace
}  // namespace throwsplit
