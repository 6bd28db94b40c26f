// Broken if this fails: the example of docs/stack.md, compiled code that brings its own frame maps.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include "runtime/stack/tiny_jit.h"

#include <gtest/gtest.h>

#include "runtime/runtime.h"
#include "runtime/sched/sched.h"
#include "runtime/stack/pool.h"

namespace throwsplit {
namespace {

void* depth_of(uint64_t depth) { return reinterpret_cast<void*>(depth); }

struct Seen {
  size_t bytes = 0;  // of the stack at its deepest
  uintptr_t used = 0;
  int times = 0;
};

void look(void* raw) {
  auto* seen = static_cast<Seen*>(raw);
  const G* gp = getg()->m->curg.peek();
  seen->bytes = mapped_bytes(gp->stack);
  seen->used = gp->stack.hi - gp->sched.sp;
  seen->times++;
}

Config one() {
  Config config;
  config.procs = 1;
  return config;
}

TEST(TinyJit, GrowsThrough64KiB) {
  for (const uint32_t frame_bytes : {48u, 96u, 1024u, 4096u}) {
    Seen seen;
    const TinyJit jit(frame_bytes, look, &seen);
    const uint64_t depth = 100 * 1024 / frame_bytes;
    ASSERT_EQ(run(one(),
                  [&] {
                    ASSERT_EQ(register_frames(jit.code()), nullptr);
                    ASSERT_TRUE(go_mapped(jit.entry(), depth_of(depth)));
                  }),
              nullptr);
    EXPECT_EQ(seen.times, 1) << frame_bytes;
    EXPECT_EQ(seen.bytes, 128u * 1024) << frame_bytes;
    EXPECT_GT(seen.used, 64u * 1024) << frame_bytes;
  }
}

TEST(TinyJit, ManyStandBesideEachOther) {
  Seen seen;
  const TinyJit jit(96, look, &seen);
  ASSERT_EQ(run(one(),
                [&] {
                  ASSERT_EQ(register_frames(jit.code()), nullptr);
                  for (uint64_t i = 0; i < 50; i++)
                    ASSERT_TRUE(go_mapped(jit.entry(), depth_of(20 * (i + 1))));
                }),
            nullptr);
  EXPECT_EQ(seen.times, 50);
}

}  // namespace
}  // namespace throwsplit
