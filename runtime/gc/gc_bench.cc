// Measures a collection: beside many parked goroutines, by live MiB, and allocation and shrinking.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <vector>

#include "runtime/base/atomic.h"
#include "runtime/gc/gc.h"
#include "runtime/runtime.h"
#include "runtime/sched/sched.h"
#include "runtime/stack/copystack.h"
#include "runtime/stack/stack.h"

namespace throwsplit {
namespace {

template <typename F>
void on_a_goroutine(benchmark::State& state, uint32_t procs, F fn) {
  Config config;
  config.procs = procs;
  config.gc_trigger_bytes = 0;
  if (const char* why = run(config, fn)) state.SkipWithError(why);
}

// ThreadSanitizer keeps half a megabyte, mapped, of each goroutine.
#if THROWSPLIT_TSAN
constexpr int64_t kMany = 1000;
#else
constexpr int64_t kMany = 10000;
#endif

// Goroutines that wait until the world has other things to do than to be measured.
class Parked {
 public:
  explicit Parked(size_t count) : waiting_(count) {
    for (Goroutine& each : waiting_) {
      go([this, &each] {
        each = self();
        atomic_add<acq_rel>(&there_, size_t{1});
        while (atomic_load<acquire>(&over_) == 0)
          park();
        atomic_add<acq_rel>(&there_, ~size_t{0});  // the last that is touched of this
      });
    }
    while (atomic_load<acquire>(&there_) != count)
      yield();
  }
  ~Parked() {
    atomic_store<release>(&over_, 1u);
    for (Goroutine each : waiting_)
      ready(each);
    while (atomic_load<acquire>(&there_) != 0)
      yield();
  }
  Parked(const Parked&) = delete;
  Parked& operator=(const Parked&) = delete;

 private:
  std::vector<Goroutine> waiting_;
  size_t there_ = 0;
  uint32_t over_ = 0;
};

void BM_StopWithParked(benchmark::State& state) {
  on_a_goroutine(state, 2, [&] {
    Parked* parked = new Parked(static_cast<size_t>(state.range(0)));
    for (auto _ : state)
      stop_the_world([](void*) {}, nullptr);
    delete parked;
  });
}
BENCHMARK(BM_StopWithParked)->Arg(0)->Arg(kMany)->UseRealTime();

// Each is claimed twice, and its stack looked at.
void BM_CollectWithParked(benchmark::State& state) {
  on_a_goroutine(state, 2, [&] {
    Parked* parked = new Parked(static_cast<size_t>(state.range(0)));
    gc_alloc(16);
    for (auto _ : state)
      gc();
    delete parked;
  });
}
BENCHMARK(BM_CollectWithParked)->Arg(0)->Arg(kMany / 10)->Arg(kMany)->UseRealTime();

// A live heap of so many MiB: a chain of small objects, which is the worst order, or a table of
// them.
struct Cell {
  Cell* next;
  uint64_t rest[7];
};

NOINLINE Cell* chain_of(size_t mib) {
  Cell* head = nullptr;
  for (size_t i = 0; i < (mib << 20) / sizeof(Cell); i++) {
    auto* cell = static_cast<Cell*>(gc_alloc(sizeof(Cell)));
    cell->next = head;
    head = cell;
  }
  return head;
}

void BM_MarkByMiB(benchmark::State& state) {
  const auto mib = static_cast<size_t>(state.range(0));
  on_a_goroutine(state, 1, [&] {
    Cell* volatile head = chain_of(mib);
    for (auto _ : state)
      gc();
    benchmark::DoNotOptimize(head->next);
  });
}
BENCHMARK(BM_MarkByMiB)->Arg(1)->Arg(16)->Arg(64)->UseRealTime();

void BM_Alloc(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  on_a_goroutine(state, 1, [&] {
    size_t since = 0;
    for (auto _ : state) {
      benchmark::DoNotOptimize(gc_alloc(bytes));
      since += bytes;
      if (since < 64 << 20) continue;
      state.PauseTiming();
      gc();
      since = 0;
      state.ResumeTiming();
    }
  });
}
BENCHMARK(BM_Alloc)->Arg(16)->Arg(64)->Arg(1024)->UseRealTime();

}  // namespace
}  // namespace throwsplit
