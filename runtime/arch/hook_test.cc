// Broken if this fails: a hook overwrites g.sched, as a hop to g0 there would (GB-06).
// SPDX-License-Identifier: Apache-2.0
// flavours: chaos
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "runtime/gmp/gmp.h"
#include "runtime/runtime.h"

namespace throwsplit {
namespace {

constexpr size_t kHostBytes = 256 * 1024;

uint32_t answered;
bool host_is_nobody;

NOINLINE uint64_t use_stack(uint64_t seed) {
  volatile char deep[4096];
  for (size_t i = 0; i < sizeof deep; i++)
    deep[i] = static_cast<char>(seed + i);
  return static_cast<uint64_t>(deep[seed % sizeof deep]);
}

HookContext* answer(HookContext* self, uint32_t site, uint32_t, uint64_t) {
  answered++;
  host_is_nobody = host_is_nobody && getg() == nullptr && guard_slot_read() == StackUnguarded;
  use_stack(site);
  self->reply = 0;
  return self;
}

// Answers hooks of the goroutine that runs here while it lives.
class Answering {
 public:
  explicit Answering(std::vector<char>& stack) {
    host_.sp = (reinterpret_cast<uintptr_t>(stack.data()) + stack.size()) & ~uintptr_t{15};
    host_.fn = answer;
    san_context_init(&host_.san, stack.data(), stack.size());
    context_.host = &host_;
    set_hook_context(&context_);
  }
  ~Answering() {
    set_hook_context(nullptr);
    san_context_destroy(&host_.san);
  }

 private:
  HookHost host_;
  HookContext context_;
};

struct Result {
  uint32_t hooks = 0;
  uint32_t changed = 0;
};

void pass(Site site, G* gp, Result* result) {
  Gobuf before;
  memcpy(&before, &gp->sched, sizeof before);
  uintptr_t slot = guard_slot_read();
  hook_site(site, gp->index);
  bool same =
      memcmp(&before, &gp->sched, sizeof before) == 0 && getg() == gp && guard_slot_read() == slot;
  result->hooks++;
  if (!same) result->changed++;
}

TEST(Hook, LeavesTheSavedContextTheSlotAndTheGoroutineBitIdentical) {
  std::vector<char> stack(kHostBytes);
  Result result;
  answered = 0;
  host_is_nobody = true;
  Config config;
  config.procs = 1;
  ASSERT_EQ(run(config,
                [&] {
                  G* gp = getg();
                  gp->sched.sp = 0x5aa5'0001;
                  gp->sched.pc = 0x5aa5'0002;
                  gp->sched.bp = 0x5aa5'0003;
                  Answering answering(stack);
                  for (const PointRow& row : kPoints)
                    pass(site_of(row.point), gp, &result);
                  for (const FieldRow& row : kFields) {
                    pass(site_of(row.field, Access::rmw), gp, &result);
                  }
                  for (const EventRow& row : kEvents) {
                    pass(static_cast<Site>(kEventSites + static_cast<uint16_t>(row.event)), gp,
                         &result);
                  }
                }),
            nullptr);
  EXPECT_EQ(result.changed, 0u);
  EXPECT_EQ(result.hooks, std::size(kPoints) + std::size(kFields) + std::size(kEvents));
  EXPECT_GE(answered, result.hooks);  // a check that tripped meanwhile passes hooks of its own
  EXPECT_TRUE(host_is_nobody);
}

}  // namespace
}  // namespace throwsplit
