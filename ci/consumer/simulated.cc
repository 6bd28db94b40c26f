// Somebody else's concurrent code in the simulator: a race of two threads, found and replayed.
// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cstdint>
#include <cstdio>

#include "inject/sim/sim.h"
#include "runtime/hook/hook.h"
#include "runtime/os/os.h"

namespace {

using namespace throwsplit;

int account;

// Between the load and the store anybody may run: the bug.
void deposit(void*) {
  const int seen = account;
  hook_site(site_of(Field::user_word, Access::load), 0);
  account = seen + 1;
}

void program(void*) {
  account = 0;
  OsThread thread;
  if (!os_thread_create(&thread, deposit, nullptr, 0)) return;
  deposit(nullptr);
  os_thread_join(thread);
}

// Whoever can act, in the order that the seed says.
class Walk : public inject::Choice {
 public:
  explicit Walk(uint64_t seed) : state_(seed * 2 + 1) {}
  uint32_t choose(const inject::Menu& menu) override {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    const uint64_t can = menu.enabled | menu.timed;
    uint64_t left = can;
    const auto count = static_cast<unsigned>(std::popcount(can));
    for (uint64_t skip = (state_ >> 33) % count; skip != 0; skip--)
      left &= left - 1;
    return static_cast<uint32_t>(std::countr_zero(left));
  }

 private:
  uint64_t state_;
};

uint64_t run(uint64_t seed) {
  Walk walk(seed);
  inject::SimConfig config;
  config.choice = &walk;
  return inject::simulate(config, program, nullptr).trace_hash;
}

}  // namespace

int main() {
  for (uint64_t seed = 0; seed < 1000; seed++) {
    const uint64_t hash = run(seed);
    if (account == 2) continue;
    const bool again = run(seed) == hash && account == 1;
    std::printf("seed %d loses a deposit, %s\n", static_cast<int>(seed),
                again ? "and does so again" : "but not again");
    return again ? 0 : 1;
  }
  std::puts("no seed loses a deposit");
  return 1;
}
