// Measures stacks that move: a move by bytes used and by frames, and growth from 2 KiB to 1 MiB.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include "runtime/runtime.h"
#include "runtime/sched/sched.h"
#include "runtime/stack/copystack.h"
#include "runtime/stack/pool.h"
#include "runtime/stack/stack.h"
#include "runtime/stack/tiny_jit.h"

namespace throwsplit {
namespace {

void* depth_of(uint64_t depth) { return reinterpret_cast<void*>(depth); }

constexpr uint32_t kFrameBytes = 1024;

// On the system stack of a goroutine whose frames stand below us: moves it over and over.
void move_often(void* raw) {
  auto& state = *static_cast<benchmark::State*>(raw);
  G* gp = getg()->m->curg.peek();
  for (auto _ : state)
    copystack(gp, mapped_bytes(gp->stack));
  gp->stackguard0.store<relaxed>(stack_guard(gp));
  state.counters["stack_bytes"] = static_cast<double>(mapped_bytes(gp->stack));
}

void move(benchmark::State& state, uint32_t frame_bytes, uint64_t depth) {
  const TinyJit jit(frame_bytes, move_often, &state);
  Config config;
  config.procs = 1;
  const char* why = run(config, [&] {
    const char* wrong = register_frames(jit.code());
    if (wrong != nullptr || !go_mapped(jit.entry(), depth_of(depth)))
      state.SkipWithError("cannot start");
  });
  if (why != nullptr) state.SkipWithError(why);
}

// Of so many KiB in use, in frames of 1 KiB.
void BM_MoveUsed(benchmark::State& state) {
  const auto bytes = static_cast<uint64_t>(state.range(0)) * 1024;
  move(state, kFrameBytes, bytes / kFrameBytes);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
}
BENCHMARK(BM_MoveUsed)->Arg(1)->Arg(8)->Arg(32)->Arg(256)->Arg(1023)->UseRealTime();

// Of 48 KiB in use, in frames of so many bytes: what is dear is the frame, not the byte.
void BM_MoveFrames(benchmark::State& state) {
  const auto frame_bytes = static_cast<uint32_t>(state.range(0));
  const uint64_t depth = 48 * 1024 / frame_bytes;
  move(state, frame_bytes, depth);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(depth));
}
BENCHMARK(BM_MoveFrames)->Arg(48)->Arg(96)->Arg(512)->Arg(4096)->UseRealTime();

// A goroutine that needs so many KiB, from start to end; all its growth is by moving.
void BM_GrowTo(benchmark::State& state) {
  const auto bytes = static_cast<uint64_t>(state.range(0)) * 1024;
  const TinyJit jit(kFrameBytes, [](void*) {}, nullptr);
  Config config;
  config.procs = 1;
  const char* why = run(config, [&] {
    if (register_frames(jit.code()) != nullptr) state.SkipWithError("cannot start");
    for (auto _ : state) {
      go_mapped(jit.entry(), depth_of(bytes / kFrameBytes));
      yield();  // it runs, and ends
    }
  });
  if (why != nullptr) state.SkipWithError(why);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
}
BENCHMARK(BM_GrowTo)->Arg(1)->Arg(64)->Arg(1023)->UseRealTime();

}  // namespace
}  // namespace throwsplit
