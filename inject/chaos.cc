// Chaos mode: injection points on real threads, armed by THROWSPLIT_INJECT.
// SPDX-License-Identifier: Apache-2.0
#include "inject/chaos.h"

#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <new>
#include <string>
#include <string_view>
#include <variant>

#include "inject/arm.h"
#include "inject/plan.h"
#include "inject/point.h"
#include "runtime/hook/hook.h"

namespace throwsplit::inject {

namespace {

// Handlers run here, never on the stack of the interrupted code. Sanitizer runtimes need the room.
constexpr size_t kHookStackBytes = 256 * 1024;

struct Settings {
  Plan plan;
  uint64_t seed = 0;
};

[[noreturn]] void refuse(const std::string& why) {
  fprintf(stderr, "throwsplit: %s\n", why.c_str());
  fflush(stderr);
  _exit(2);
}

Settings read_settings() {
  Settings settings;
  if (const char* text = getenv("THROWSPLIT_INJECT")) {
    OrTextError<Plan> plan = parse_plan(text, point_names());
    if (const auto* error = std::get_if<TextError>(&plan)) {
      refuse(describe(*error, "THROWSPLIT_INJECT"));
    }
    settings.plan = std::get<Plan>(std::move(plan));
  }
  if (const char* text = getenv("THROWSPLIT_INJECT_SEED")) {
    auto seed = parse_decimal(text, UINT64_MAX);
    if (!seed)
      refuse("THROWSPLIT_INJECT_SEED: expected a number, found '" + std::string(text) + "'");
    settings.seed = *seed;
  }
  return settings;
}

const Settings& settings() {
  static const Settings the = read_settings();
  return the;
}

uint64_t threads_armed;
uint64_t visits_fired;

// What an M's thread brings to its hooks.
struct ChaosThread : HookContext {
  HookHost hook_host;
  Arm arm;
  SeededDie die;
  void* stack = nullptr;
};

thread_local ChaosThread* this_thread;

void sleep_for(int64_t ns) {
  timespec left = {ns / 1'000'000'000, ns % 1'000'000'000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR)
    continue;
}

// May not: touch the interrupted goroutine or anything of the runtime; it may hold any lock there.
HookContext* on_hook(HookContext* self, uint32_t site, uint32_t, uint64_t) {
  self->reply = kActNothing;
  if (site >= kAccessSites) return self;
  auto* thread = static_cast<ChaosThread*>(self);
  Verdict verdict = thread->arm.visit(static_cast<Point>(site), thread->die);
  if (verdict.quiet()) return self;
  int error_number = errno;
  atomic_add<relaxed>(&visits_fired, uint64_t{1});
  if (verdict.yield) sched_yield();
  if (verdict.sleep_ns > 0) sleep_for(verdict.sleep_ns);
  self->reply = verdict.actions;
  errno = error_number;
  return self;
}

}  // namespace

ChaosCounts chaos_counts() {
  return {atomic_load<relaxed>(&threads_armed), atomic_load<relaxed>(&visits_fired)};
}

}  // namespace throwsplit::inject

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

// Weak: in a program with the simulator its own, which do nothing, take their place.
// A thread that no plan arms keeps no context, and each of its hooks is one test.
__attribute__((weak)) void hook_minit() {
  using namespace inject;
  if (settings().plan.terms.empty() || this_thread != nullptr) return;
  void* stack = mmap(nullptr, kHookStackBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) refuse("no memory for a hook stack");
  auto* thread = new ChaosThread;
  thread->stack = stack;
  thread->host = &thread->hook_host;
  thread->hook_host.sp = reinterpret_cast<uintptr_t>(stack) + kHookStackBytes;
  thread->hook_host.fn = on_hook;
  san_context_init(&thread->hook_host.san, stack, kHookStackBytes);
  thread->arm.arm(settings().plan.terms);
  uint64_t number = atomic_add<relaxed>(&threads_armed, uint64_t{1});
  thread->die.seed(settings().seed * UINT64_C(0x9e3779b97f4a7c15) + number);
  this_thread = thread;
  set_hook_context(thread);
}

__attribute__((weak)) uint64_t hook_may_ask() {
  return inject::may_ask(inject::settings().plan.terms);
}

__attribute__((weak)) void hook_munit() {
  using namespace inject;
  ChaosThread* thread = this_thread;
  if (thread == nullptr) return;
  set_hook_context(nullptr);
  this_thread = nullptr;
  san_context_destroy(&thread->hook_host.san);
  munmap(thread->stack, kHookStackBytes);
  delete thread;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
