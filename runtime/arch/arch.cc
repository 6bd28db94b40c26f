// The parts of switching stacks that need no assembly: fresh stacks, sanitizer bookkeeping.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/arch/arch.h"

#include "runtime/base/atomic.h"

#if THROWSPLIT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if THROWSPLIT_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

extern "C" {
NOSPLIT void san_leave(SanContext* from, SanContext* to) ASM_NAME(san_leave);
NOSPLIT void san_leave_hook(SanContext* from, SanContext* to) ASM_NAME(san_leave_hook);
NOSPLIT void san_arrive(SanContext* to, SanContext* from) ASM_NAME(san_arrive);
}

uintptr_t* guard_slot_address() {
  uintptr_t fs_base;
  asm("movq %%fs:0, %0" : "=r"(fs_base));
  return reinterpret_cast<uintptr_t*>(fs_base + GUARD_SLOT);
}

void arch_init() {
  __builtin_cpu_init();
  // Atomic: worlds may begin on several threads at once.
  uint8_t level = __builtin_cpu_supports("avx512f") ? 2 : __builtin_cpu_supports("avx") ? 1 : 0;
  atomic_store<relaxed>(&vector_level, level);
}

// The frame that RESTORE_REGISTERS and ret take apart; see the rules in amd64.S.
uintptr_t prepare_stack(uintptr_t hi, void (*start)(), void* r12, void* r13, int context_words) {
  auto* top = reinterpret_cast<uintptr_t*>(hi & ~uintptr_t{15});
  *--top = 0;  // where a caller's frame would be: ends every walk
  *--top = 0;
  uintptr_t* frame = top - 7 - context_words;
  for (uintptr_t* word = frame; word < top; word++)
    *word = 0;
  uintptr_t* registers = frame + context_words;
  registers[2] = reinterpret_cast<uintptr_t>(r13);
  registers[3] = reinterpret_cast<uintptr_t>(r12);
  registers[6] = reinterpret_cast<uintptr_t>(start);
  return reinterpret_cast<uintptr_t>(frame);
}

#if THROWSPLIT_ASAN

void san_poison(uintptr_t base, size_t bytes) {
  __asan_poison_memory_region(reinterpret_cast<void*>(base), bytes);
}
void san_unpoison(uintptr_t base, size_t bytes) {
  __asan_unpoison_memory_region(reinterpret_cast<void*>(base), bytes);
}

NO_SANITIZE void* san_fake_stack() { return __asan_get_current_fake_stack(); }
bool san_fake_frame(void* fake_stack, uintptr_t word, uintptr_t* lo, uintptr_t* hi) {
  void* begin = nullptr;
  void* end = nullptr;
  if (fake_stack == nullptr) return false;
  auto* address = reinterpret_cast<void*>(word);
  if (__asan_addr_is_in_fake_stack(fake_stack, address, &begin, &end) == nullptr) return false;
  *lo = reinterpret_cast<uintptr_t>(begin);
  *hi = reinterpret_cast<uintptr_t>(end);
  return true;
}

NO_SANITIZE void san_leave(SanContext* from, SanContext* to) {
  __sanitizer_start_switch_fiber(&from->fake_stack, to->bottom, to->bytes);
}
NO_SANITIZE void san_leave_hook(SanContext* from, SanContext* to) { san_leave(from, to); }
// Finishing also tells the bounds of the stack left behind, which nobody else knows for sure.
NO_SANITIZE void san_arrive(SanContext* to, SanContext* from) {
  __sanitizer_finish_switch_fiber(to->fake_stack, &from->bottom, &from->bytes);
  to->fake_stack = nullptr;
}

void san_context_init(SanContext* context, const void* bottom, size_t bytes) {
  context->bottom = bottom;
  context->bytes = bytes;
}
void san_context_adopt(SanContext* context, const void* bottom, size_t bytes) {
  san_context_init(context, bottom, bytes);
}
// Its fake stack goes away with it: pretend to be there for a moment, then leave for good.
NO_SANITIZE void san_context_destroy(SanContext* context) {
  if (context->fake_stack == nullptr) return;
  SanContext here;
  __sanitizer_start_switch_fiber(&here.fake_stack, context->bottom, context->bytes);
  __sanitizer_finish_switch_fiber(context->fake_stack, &here.bottom, &here.bytes);
  __sanitizer_start_switch_fiber(nullptr, here.bottom, here.bytes);
  __sanitizer_finish_switch_fiber(here.fake_stack, nullptr, nullptr);
  context->fake_stack = nullptr;
}
void san_context_abandon(SanContext* context) {
  san_context_destroy(context);
  __asan_unpoison_memory_region(context->bottom, context->bytes);
}

#elif THROWSPLIT_TSAN

// A goroutine and its M's system stack are one thread of control: program order holds across.
NO_SANITIZE void san_leave(SanContext* from, SanContext* to) {
  (void)from;
  __tsan_switch_to_fiber(to->fiber, 0);
}
// A hook is not a synchronisation: what two Ms do to each other must show as it is.
NO_SANITIZE void san_leave_hook(SanContext* from, SanContext* to) {
  from->fiber = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(to->fiber, __tsan_switch_to_fiber_no_sync);
}
NO_SANITIZE void san_arrive(SanContext*, SanContext*) {}

void san_context_init(SanContext* context, const void* bottom, size_t bytes) {
  context->bottom = bottom;
  context->bytes = bytes;
  if (context->fiber == nullptr) context->fiber = __tsan_create_fiber(0);
}
void san_context_adopt(SanContext* context, const void* bottom, size_t bytes) {
  context->bottom = bottom;
  context->bytes = bytes;
  context->fiber = __tsan_get_current_fiber();
}
void san_context_destroy(SanContext* context) {
  if (context->fiber != nullptr) __tsan_destroy_fiber(context->fiber);
  context->fiber = nullptr;
}
void san_context_abandon(SanContext* context) {
  san_context_destroy(context);
  context->fiber = __tsan_create_fiber(0);
}

#else

void san_leave(SanContext*, SanContext*) {}
void san_leave_hook(SanContext*, SanContext*) {}
void san_arrive(SanContext*, SanContext*) {}
void san_context_init(SanContext* context, const void* bottom, size_t bytes) {
  context->bottom = bottom;
  context->bytes = bytes;
}
void san_context_adopt(SanContext* context, const void* bottom, size_t bytes) {
  san_context_init(context, bottom, bytes);
}
void san_context_destroy(SanContext*) {}
void san_context_abandon(SanContext*) {}

#endif

#if !THROWSPLIT_ASAN
void* san_fake_stack() { return nullptr; }
bool san_fake_frame(void*, uintptr_t, uintptr_t*, uintptr_t*) { return false; }
void san_poison(uintptr_t, size_t) {}
void san_unpoison(uintptr_t, size_t) {}
#endif

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
