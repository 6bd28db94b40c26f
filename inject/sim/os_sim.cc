// The kernel as the runtime sees it, simulated: os.h by requests to the machine of this run.
// SPDX-License-Identifier: Apache-2.0
//
// These functions run on carriers, on whatever stack the caller stands. Outside a run (on the host,
// while it builds or drops a world) they do the plain thing at once: memory comes from the same
// pools, time stands still, waiting is refused.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "inject/sim/assert.h"
#include "inject/sim/machine.h"
#include "runtime/base/throw.h"
#include "runtime/hook/hook.h"
#include "runtime/os/io_order.h"
#include "runtime/os/os.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

using inject::Block;
using inject::Call;
using inject::Machine;
using inject::machine;
using inject::Request;
using inject::site_of;

namespace {

Request request_of(Call call) {
  Request request;
  request.site = site_of(call);
  return request;
}

Block* take_memory(Call call, size_t bytes) {
  if (!machine().on_carrier()) return machine().memory().take(bytes, call == Call::stack_alloc);
  Request request = request_of(call);
  request.a[0] = static_cast<long>(bytes);
  machine().ask(&request);
  if (request.block != nullptr) inject::order_acquire(reinterpret_cast<void*>(request.block->base));
  return request.block;
}

void give_memory_back(Call call, void* memory, SanContext* san) {
  inject::order_release(memory);
  if (!machine().on_carrier()) {
    machine().memory().give_back(memory, call == Call::stack_free, san);
    return;
  }
  Request request = request_of(call);
  request.pointer = memory;
  request.san = san;
  machine().ask(&request);
}

}  // namespace

// ---- Memory -------------------------------------------------------------------------------------

void* os_alloc(size_t bytes) {
  Block* block = take_memory(Call::alloc, bytes);
  return block == nullptr ? nullptr : reinterpret_cast<void*>(block->base);
}

void os_free(void* memory, size_t) { give_memory_back(Call::free, memory, nullptr); }

void os_discard(void* memory, size_t bytes) { madvise(memory, bytes, MADV_DONTNEED); }

void* os_stack_alloc(size_t bytes, SanContext* san) {
  Block* block = take_memory(Call::stack_alloc, bytes);
  if (block == nullptr) return nullptr;
  auto* memory = reinterpret_cast<void*>(block->base);
  *san = block->san;
  if (san->bottom == nullptr) san_context_init(san, memory, bytes);
  return memory;
}

void os_stack_free(void* memory, size_t, SanContext* san) {
  give_memory_back(Call::stack_free, memory, san);
  *san = SanContext{};
}

bool os_fence(void* memory, size_t bytes) {
  if (!machine().on_carrier()) return machine().memory().fence(memory, bytes);
  Request request = request_of(Call::fence);
  request.pointer = memory;
  request.a[0] = static_cast<long>(bytes);
  machine().ask(&request);
  return request.result != 0;
}

// ---- Threads ------------------------------------------------------------------------------------

bool os_thread_create(OsThread* thread, void (*fn)(void*), void* arg, size_t stack_bytes) {
  SIM_ASSERT(machine().on_carrier());
  Request request = request_of(Call::thread_create);
  request.fn = fn;
  request.pointer = arg;
  request.a[0] = static_cast<long>(stack_bytes);
  machine().ask(&request);
  if (request.result == 0) return false;
  thread->handle = static_cast<uintptr_t>(request.result);
  machine().note_created(thread->handle);
  return true;
}

void os_thread_join(OsThread thread) {
  SIM_ASSERT(machine().on_carrier());
  Request request = request_of(Call::thread_join);
  request.a[0] = static_cast<long>(thread.handle);
  machine().ask(&request);
  machine().note_joined(thread.handle);
  if (request.result == inject::kJoinedPoisoned)
    throw_("a thread left a poisoned guard slot behind");
}

void os_stack_bounds(uintptr_t* lo, uintptr_t* hi) { machine().own_stack_bounds(lo, hi); }

// Carriers take no signals of their own.
bool os_minit(OsSignalStack*) { return true; }
void os_unminit(const OsSignalStack&) {}
const char* os_move_handlers_to_alternate_stacks() { return nullptr; }
uint32_t os_ncpu() { return 1; }

void hook_minit() {}
void hook_munit() {}
uint64_t hook_may_ask() { return machine().may_ask(); }

// ---- Waiting and time ---------------------------------------------------------------------------

void os_futexsleep(uint32_t* word, uint32_t value, int64_t ns) {
  SIM_ASSERT(machine().on_carrier());
  Request request = request_of(Call::futex_sleep);
  request.pointer = word;
  request.a[0] = value;
  request.a[1] = ns;
  machine().ask(&request);
}

void os_futexwakeup(uint32_t* word, uint32_t count) {
  if (!machine().on_carrier()) return;
  Request request = request_of(Call::futex_wake);
  request.pointer = word;
  request.a[0] = count;
  machine().ask(&request);
}

int64_t os_nanotime() {
  Machine& m = machine();
  if (!m.on_carrier() || !m.is_armed(inject::Fault::kClockJump)) return m.read_clock();
  Request request = request_of(Call::nanotime);
  m.ask(&request);
  return request.result;
}

void os_usleep(int64_t ns) {
  if (!machine().on_carrier()) return;
  Request request = request_of(Call::usleep);
  request.a[0] = ns;
  machine().ask(&request);
}

void os_procyield(uint32_t) { hook_call(site_of(Call::procyield), 0, 0); }
void os_osyield() { hook_call(site_of(Call::osyield), 0, 0); }

// ---- Calls --------------------------------------------------------------------------------------

namespace {

// The host asks the real kernel.
long real_syscall(long nr, const long* a) {
  long result = ::syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
  return result < 0 ? -errno : result;
}

// Nanoseconds, or -1 for what the kernel calls invalid.
long ns_of(const timespec& time) {
  constexpr long kSecond = 1'000'000'000;
  constexpr long kSecondsMax = 1'000'000'000;  // beyond that it is for ever in any run
  if (time.tv_sec < 0 || time.tv_nsec < 0 || time.tv_nsec >= kSecond) return -1;
  return (time.tv_sec < kSecondsMax ? time.tv_sec : kSecondsMax) * kSecond + time.tv_nsec;
}

bool is_clock_to_sleep_by(long clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME;
}

long sleep_call(Request& request, long clock, bool absolute, const timespec* time, timespec* left) {
  request.a[0] = is_clock_to_sleep_by(clock) ? ns_of(*time) : -1;
  request.a[1] = absolute;
  machine().ask(&request);
  if (request.due_ns > 0 && !absolute && left != nullptr) {
    *left = {request.due_ns / 1'000'000'000, request.due_ns % 1'000'000'000};
  }
  return request.result;
}

long read_call(Request& request, void* buffer) {
  machine().ask(&request);
  if (request.result > 0) {
    auto bytes = static_cast<size_t>(request.result);
    inject::copy_from_ring(buffer, request.pipe_bytes, request.pipe_at, bytes);
  }
  return request.result;
}

// A long write goes piece by piece; an error after the first piece is the next call's affair.
long write_call(Request& request, const uint8_t* buffer) {
  long written = 0;
  do {
    machine().ask(&request);
    if (request.result < 0) return written != 0 ? written : request.result;
    auto bytes = static_cast<size_t>(request.result);
    inject::copy_to_ring(request.pipe_bytes, request.pipe_at, buffer + written, bytes);
    written += request.result;
    request.a[2] -= request.result;
    request.phase = 0;
  } while (request.more);
  return written;
}

long pipe_call(Request& request, int* descriptors) {
  machine().ask(&request);
  if (request.result == 0) {
    descriptors[0] = static_cast<int>(request.a[2]);
    descriptors[1] = static_cast<int>(request.a[3]);
  }
  return request.result;
}

}  // namespace

namespace {

long simulated_syscall(long nr, long a1, long a2, long a3, long a4) {
  Request request;
  request.site = inject::syscall_site(nr);
  request.number = nr;
  request.a[0] = a1;
  request.a[1] = a2;
  request.a[2] = a3;
  request.a[3] = a4;
  switch (nr) {
    case SYS_read:  return read_call(request, reinterpret_cast<void*>(a2));
    case SYS_write: return write_call(request, reinterpret_cast<const uint8_t*>(a2));
    case SYS_pipe2: return pipe_call(request, reinterpret_cast<int*>(a1));
    case SYS_nanosleep:
      return sleep_call(request, CLOCK_MONOTONIC, false, reinterpret_cast<const timespec*>(a1),
                        reinterpret_cast<timespec*>(a2));
    case SYS_clock_nanosleep:
      return sleep_call(request, a1, (a2 & TIMER_ABSTIME) != 0,
                        reinterpret_cast<const timespec*>(a3), reinterpret_cast<timespec*>(a4));
    default: machine().ask(&request); return request.result;
  }
}

}  // namespace

long os_syscall6(long nr, long a1, long a2, long a3, long a4, long a5, long a6) {
  if (!machine().on_carrier()) {
    const long arguments[6] = {a1, a2, a3, a4, a5, a6};
    return real_syscall(nr, arguments);
  }
  io_order_before(nr, a1);
  long result = simulated_syscall(nr, a1, a2, a3, a4);
  io_order_after(nr, a1, a4, result);
  return result;
}

// ---- The end ------------------------------------------------------------------------------------

void os_print(const char* text, size_t bytes) {
  if (machine().on_carrier()) {
    machine().print(text, bytes);
  } else if (::write(STDERR_FILENO, text, bytes) < 0) {
    return;  // nobody is left to be told
  }
}

void os_abort() {
  if (machine().on_carrier()) machine().abort();
  ::abort();
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
