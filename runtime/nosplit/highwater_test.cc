// Broken if this fails: a real run uses more stack than the checker says, or than a rule's figure.
// SPDX-License-Identifier: Apache-2.0
//
// A probe paints the stack below itself, makes one call, and looks how deep the paint is gone. What
// the checker says of the same function of this very program may not be less.
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/nosplit/nosplit.h"
#include "runtime/nosplit/source_name.h"
#include "runtime/runtime.h"
#include "runtime/sched/sched.h"

#if THROWSPLIT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
extern "C" {
void* __asan_stack_malloc_1(size_t bytes);
void* __asan_stack_malloc_2(size_t bytes);
void* __asan_get_current_fake_stack();
void __asan_handle_no_return();
void* __asan_memset(void* to, int value, size_t bytes);
void* __asan_memcpy(void* to, const void* from, size_t bytes);
}
#endif
#if THROWSPLIT_TSAN
#include <sanitizer/tsan_interface.h>
extern "C" {
void __tsan_func_entry(void* pc);
void __tsan_func_exit();
void __tsan_read8(void* at);
void __tsan_write8(void* at);
void __tsan_unaligned_read8(const void* at);
int __tsan_atomic32_load(const volatile int* at, int order);
void __tsan_atomic64_store(volatile long* at, long value, int order);
int __tsan_atomic32_compare_exchange_val(volatile int* at, int old, int value, int order, int fail);
int __tsan_atomic32_exchange(volatile int* at, int value, int order);
}
#endif

namespace throwsplit {

// ---- Probes: what the checker is asked about. Nosplit, out of line, with names of their own.

NOSPLIT NOINLINE void probe_getpid();
void probe_getpid() { syscall(SYS_getpid); }

NOSPLIT NOINLINE void probe_block();
void probe_block() { syscall_block(SYS_getpid); }

NOSPLIT NOINLINE void probe_systemstack();
void probe_systemstack() {
  systemstack([](void*) {}, nullptr);
}

NOSPLIT NOINLINE void probe_give_way();
void probe_give_way() { mcall(gosched_m); }

NOSPLIT NOINLINE void probe_preempt();
void probe_preempt() { preempt_self(getg()); }

// ---- Painting

namespace {

constexpr size_t kPaintedBytes = 14 * 1024;
constexpr uint64_t kPaint = 0x70617061696e7421;

// How far below the stack pointer of this call anything was written, the return address included.
template <typename F>
NO_SANITIZE NOINLINE size_t used_by(F fn) {
  uintptr_t sp;
  asm volatile("movq %%rsp, %0" : "=r"(sp));
  auto* top = reinterpret_cast<volatile uint64_t*>(sp);
  constexpr long kWords = kPaintedBytes / sizeof(uint64_t);
  for (long i = 1; i <= kWords; i++)
    top[-i] = kPaint;
  fn();
  long deepest = kWords;
  while (deepest > 0 && top[-deepest] == kPaint)
    deepest--;
  return static_cast<size_t>(deepest) * sizeof(uint64_t);
}

size_t on_a_goroutine(size_t (*measure)()) {
  Config config;
  config.procs = 1;
  static size_t (*the_measure)();
  the_measure = measure;
  static size_t bytes;
  // Twice: the first time may find caches cold.
  EXPECT_EQ(run(config, [] { bytes = std::max(the_measure(), the_measure()); }), nullptr);
  return bytes;
}

nosplit::Report report_of_this_program() {
  const std::string text =
      std::string(nosplit::own_rules()) + "\nroot throwsplit::probe_* -- test\n";
  auto rules = nosplit::parse_rules(text, "throwsplit.rules");
  EXPECT_TRUE(std::holds_alternative<nosplit::Rules>(rules));
  auto report = nosplit::check_file("/proc/self/exe", *std::get_if<nosplit::Rules>(&rules));
  if (const auto* error = std::get_if<std::string>(&report)) {
    ADD_FAILURE() << *error;
    return {};
  }
  return *std::get_if<nosplit::Report>(&report);
}

TEST(HighWater, TheCheckerIsNeverBelowARealRun) {
  const nosplit::Report report = report_of_this_program();
  const std::pair<const char*, size_t (*)()> probes[] = {
      {"throwsplit::probe_getpid", [] { return used_by(probe_getpid); }},
      {"throwsplit::probe_block", [] { return used_by(probe_block); }},
      {"throwsplit::probe_systemstack", [] { return used_by(probe_systemstack); }},
      {"throwsplit::probe_give_way", [] { return used_by(probe_give_way); }},
      {"throwsplit::probe_preempt", [] { return used_by(probe_preempt); }},
  };
  for (const auto& [name, measure] : probes) {
    int64_t said = -1;
    for (const nosplit::Measured& measured : report.measured) {
      if (measured.function == name) said = measured.bytes + 8;
    }
    const auto used = static_cast<int64_t>(on_a_goroutine(measure));
    printf("%-34s used %5lld, the checker says %5lld\n", name, static_cast<long long>(used),
           static_cast<long long>(said));
    EXPECT_GT(used, 0) << name;
    EXPECT_LE(used, said) << name;
    EXPECT_LT(used, static_cast<int64_t>(kPaintedBytes)) << name;
  }
}

// ---- Figures of the rules

struct Figure {
  const char* name;
  size_t (*measure)();
};

char source[256];
char target[256];
[[maybe_unused]] volatile size_t count = 200;

const Figure kFigures[] = {
#if !THROWSPLIT_ASAN && !THROWSPLIT_TSAN
    {"memcpy",
     [] {
       return used_by([] {
         memcpy(target, source, count);
         asm volatile("" : : "r"(target) : "memory");
       });
     }},
    {"memset",
     [] {
       return used_by([] {
         memset(target, 0, count);
         asm volatile("" : : "r"(target) : "memory");
       });
     }},
#endif
#if THROWSPLIT_ASAN
    {"__asan_stack_malloc_1", [] { return used_by([] { __asan_stack_malloc_1(96); }); }},
    {"__asan_stack_malloc_2", [] { return used_by([] { __asan_stack_malloc_2(192); }); }},
    {"__asan_get_current_fake_stack",
     [] { return used_by([] { __asan_get_current_fake_stack(); }); }},
    {"__asan_handle_no_return", [] { return used_by([] { __asan_handle_no_return(); }); }},
    {"__asan_memset",
     [] {
       return used_by([] {
         __asan_memset(target, 0, count);
         asm volatile("" : : "r"(target) : "memory");
       });
     }},
    {"__asan_memcpy",
     [] {
       return used_by([] {
         __asan_memcpy(target, source, count);
         asm volatile("" : : "r"(target) : "memory");
       });
     }},
    {"__sanitizer_start_switch_fiber",
     [] {
       const uintptr_t base = getg()->stack.base;
       const size_t bytes = getg()->stack.hi - base;
       void* fake = nullptr;
       const size_t used = used_by(
           [&] { __sanitizer_start_switch_fiber(&fake, reinterpret_cast<void*>(base), bytes); });
       __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
       return used;
     }},
    {"__sanitizer_finish_switch_fiber",
     [] {
       const uintptr_t base = getg()->stack.base;
       const size_t bytes = getg()->stack.hi - base;
       void* fake = nullptr;
       __sanitizer_start_switch_fiber(&fake, reinterpret_cast<void*>(base), bytes);
       return used_by([&] { __sanitizer_finish_switch_fiber(fake, nullptr, nullptr); });
     }},
#endif
#if THROWSPLIT_TSAN
    {"__tsan_func_entry",
     [] {
       return used_by([] {
         __tsan_func_entry(source);
         __tsan_func_exit();
       });
     }},
    {"__tsan_read8", [] { return used_by([] { __tsan_read8(source); }); }},
    {"__tsan_write8", [] { return used_by([] { __tsan_write8(target); }); }},
    {"__tsan_unaligned_read8", [] { return used_by([] { __tsan_unaligned_read8(source + 1); }); }},
    {"__tsan_atomic32_load",
     [] { return used_by([] { __tsan_atomic32_load(reinterpret_cast<int*>(source), 5); }); }},
    {"__tsan_atomic64_store",
     [] { return used_by([] { __tsan_atomic64_store(reinterpret_cast<long*>(target), 0, 5); }); }},
    {"__tsan_atomic32_exchange",
     [] {
       return used_by([] { __tsan_atomic32_exchange(reinterpret_cast<int*>(target), 0, 5); });
     }},
    {"__tsan_atomic32_compare_exchange_val",
     [] {
       return used_by([] {
         __tsan_atomic32_compare_exchange_val(reinterpret_cast<int*>(target), 0, 0, 5, 5);
       });
     }},
    {"__tsan_get_current_fiber", [] { return used_by([] { __tsan_get_current_fiber(); }); }},
    {"__tsan_switch_to_fiber",
     [] {
       void* self = __tsan_get_current_fiber();
       void* other = __tsan_create_fiber(0);
       const size_t there = used_by([=]() NO_SANITIZE { __tsan_switch_to_fiber(other, 0); });
       const size_t back = used_by([=]() NO_SANITIZE { __tsan_switch_to_fiber(self, 0); });
       __tsan_destroy_fiber(other);
       return std::max(there, back);
     }},
#endif
};

TEST(HighWater, TheRulesFiguresHold) {
  auto rules = nosplit::parse_rules(nosplit::own_rules(), "throwsplit.rules");
  ASSERT_TRUE(std::holds_alternative<nosplit::Rules>(rules));
  for (const Figure& figure : kFigures) {
    int64_t said = -1;
    for (const nosplit::Rule& rule : std::get_if<nosplit::Rules>(&rules)->rules) {
      const bool is_leaf = rule.word == nosplit::Word::leaf && said < 0;
      if (is_leaf && nosplit::matches(rule.pattern, figure.name)) said = rule.bytes.value;
    }
    const auto used = static_cast<int64_t>(on_a_goroutine(figure.measure));
    printf("%-34s used %5lld, the rules say %5lld\n", figure.name, static_cast<long long>(used),
           static_cast<long long>(said));
    EXPECT_LE(used - 8, said) << figure.name;
  }
}

}  // namespace
}  // namespace throwsplit
