// The kernel, for real: Linux on x86-64, by system calls and the few libc calls that need a libc.
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "runtime/arch/layout.h"
#include "runtime/base/atomic.h"
#include "runtime/os/io_order.h"
#include "runtime/os/os.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

constexpr int64_t kSecond = 1000000000;

timespec timespec_of(int64_t ns) {
  return {static_cast<time_t>(ns / kSecond), static_cast<long>(ns % kSecond)};
}

// Fences by mprotect split a mapping in two. They may use a quarter of the kernel's limit; beyond
// that a stack does without, and its guard words stand in.
size_t fences_by_mprotect;
size_t fences_by_mprotect_max;
pthread_once_t fences_by_mprotect_max_once = PTHREAD_ONCE_INIT;
void read_fences_by_mprotect_max() {
  size_t limit = 65530;
  if (FILE* file = fopen("/proc/sys/vm/max_map_count", "re")) {
    if (fscanf(file, "%zu", &limit) != 1) limit = 65530;
    fclose(file);
  }
  fences_by_mprotect_max = limit / 4 / 2;
}

constexpr int kMadvGuardInstall = 102;  // Linux 6.13; older headers do not know it

}  // namespace

void* os_alloc(size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

void os_free(void* memory, size_t bytes) { munmap(memory, bytes); }

void os_discard(void* memory, size_t bytes) { madvise(memory, bytes, MADV_DONTNEED); }

void* os_stack_alloc(size_t bytes, SanContext* san) {
  void* memory = os_alloc(bytes);
  if (memory != nullptr) san_context_init(san, memory, bytes);
  return memory;
}

void os_stack_free(void* memory, size_t bytes, SanContext* san) {
  san_context_destroy(san);
  os_free(memory, bytes);
}

bool os_fence(void* memory, size_t bytes) {
  if (madvise(memory, bytes, kMadvGuardInstall) == 0) return true;
  pthread_once(&fences_by_mprotect_max_once, read_fences_by_mprotect_max);
  if (atomic_add<relaxed>(&fences_by_mprotect, size_t{1}) > fences_by_mprotect_max) return false;
  return mprotect(memory, bytes, PROT_NONE) == 0;
}

namespace {

struct ThreadStart {
  void (*fn)(void*);
  void* arg;
  sigset_t signals;  // blocked in the thread that made this one
};

void* thread_main(void* arg) {
  auto* start = static_cast<ThreadStart*>(arg);
  ThreadStart copy = *start;
  free(start);
  // Without an alternate stack signals stay blocked; the thread will ask again and hear of it.
  OsSignalStack stack;
  if (os_minit(&stack)) pthread_sigmask(SIG_SETMASK, &copy.signals, nullptr);
  copy.fn(copy.arg);
  os_unminit(stack);
  return nullptr;
}

}  // namespace

bool os_thread_create(OsThread* thread, void (*fn)(void*), void* arg, size_t stack_bytes) {
  auto* start = static_cast<ThreadStart*>(malloc(sizeof(ThreadStart)));
  if (start == nullptr) return false;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  // Signals wait until the thread has its alternate stack.
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  *start = {fn, arg, old};
  pthread_t handle;
  int error = pthread_create(&handle, &attributes, thread_main, start);
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  pthread_attr_destroy(&attributes);
  if (error != 0) {
    free(start);
    return false;
  }
  thread->handle = handle;
  return true;
}

void os_thread_join(OsThread thread) { pthread_join(thread.handle, nullptr); }

void os_stack_bounds(uintptr_t* lo, uintptr_t* hi) {
  pthread_attr_t attributes;
  void* bottom = nullptr;
  size_t bytes = 0;
  *lo = *hi = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  if (pthread_attr_getstack(&attributes, &bottom, &bytes) == 0) {
    *lo = reinterpret_cast<uintptr_t>(bottom);
    *hi = *lo + bytes;
  }
  pthread_attr_destroy(&attributes);
}

namespace {

// Handlers need room for the largest register state the kernel may save, and for a sanitizer
// report.
size_t alternate_stack_bytes() {
  size_t least = getauxval(AT_MINSIGSTKSZ);
  if (least < 2048) least = 2048;
  return (least + 64 * 1024 + kPageBytes - 1) & ~(kPageBytes - 1);
}

}  // namespace

bool os_minit(OsSignalStack* stack) {
  *stack = {};
  stack_t now = {};
  const bool have = sigaltstack(nullptr, &now) == 0 && (now.ss_flags & SS_DISABLE) == 0;
  if (have && now.ss_size >= alternate_stack_bytes()) return true;
  stack_t mine = {};
  mine.ss_size = alternate_stack_bytes();
  mine.ss_sp = os_alloc(mine.ss_size);
  if (mine.ss_sp == nullptr) return false;
  if (sigaltstack(&mine, nullptr) != 0) {
    os_free(mine.ss_sp, mine.ss_size);
    return false;
  }
  stack->ours = mine.ss_sp;
  if (have) {
    stack->before = now.ss_sp;
    stack->before_bytes = now.ss_size;
  }
  return true;
}

void os_unminit(const OsSignalStack& stack) {
  if (stack.ours == nullptr) return;
  stack_t before = {};
  before.ss_sp = stack.before;
  before.ss_size = stack.before_bytes;
  if (stack.before_bytes == 0) before.ss_flags = SS_DISABLE;
  if (sigaltstack(&before, nullptr) == 0) os_free(stack.ours, alternate_stack_bytes());
}

uint32_t os_ncpu() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<uint32_t>(CPU_COUNT(&set));
}

uintptr_t os_guard_handle() { return reinterpret_cast<uintptr_t>(guard_slot_address()); }

void os_guard_write(uintptr_t handle, uintptr_t guard) {
  atomic_store<release>(reinterpret_cast<uintptr_t*>(handle), guard);
}

void os_futexsleep(uint32_t* word, uint32_t value, int64_t ns) {
  timespec limit = timespec_of(ns < 0 ? 0 : ns);
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, ns < 0 ? nullptr : &limit, nullptr, 0);
}

void os_futexwakeup(uint32_t* word, uint32_t count) {
  // Not libc's syscall: in nosplit code the dynamic linker would look it up on this very stack.
  os_syscall6(SYS_futex, reinterpret_cast<long>(word), FUTEX_WAKE_PRIVATE,
              count > INT_MAX ? INT_MAX : count, 0, 0, 0);
}

int64_t os_nanotime() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

void os_usleep(int64_t ns) {
  timespec left = timespec_of(ns);
  nanosleep(&left, nullptr);
}

void os_procyield(uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    __builtin_ia32_pause();
}

void os_osyield() { sched_yield(); }

long os_syscall6(long nr, long a1, long a2, long a3, long a4, long a5, long a6) {
  io_order_before(nr, a1);
  register long r10 asm("r10") = a4;
  register long r8 asm("r8") = a5;
  register long r9 asm("r9") = a6;
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(nr), "D"(a1), "S"(a2), "d"(a3), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  io_order_after(nr, a1, a4, result);
  return result;
}

const char* os_move_handlers_to_alternate_stacks() {
  for (int signal_number = 1; signal_number < NSIG; signal_number++) {
    struct sigaction action;
    if (sigaction(signal_number, nullptr, &action) != 0) continue;
    bool has_handler = (action.sa_flags & SA_SIGINFO) != 0 ||
                       (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
    if (!has_handler || (action.sa_flags & SA_ONSTACK) != 0) continue;
    action.sa_flags |= SA_ONSTACK;
    if (sigaction(signal_number, &action, nullptr) != 0) return sigabbrev_np(signal_number);
  }
  return nullptr;
}

void os_print(const char* text, size_t bytes) {
  while (bytes != 0) {
    ssize_t written = write(STDERR_FILENO, text, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text += written;
    bytes -= static_cast<size_t>(written);
  }
}

void os_abort() { abort(); }

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
