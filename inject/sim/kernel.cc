// The simulated kernel's system calls, by Linux's numbers for x86-64; all others fail with ENOSYS.
// SPDX-License-Identifier: Apache-2.0
//
//   getpid gettid sched_yield       return at once
//   nanosleep clock_nanosleep       take time
//   pause                           never returns, unless a fault interrupts it
//   pipe2 read write close          pipes in memory, with the rules of pipe(7)
//
// A call that waits for a pipe tries again whenever the pipe changed and its carrier is chosen.
// Buffers are read and written on the carrier, when the call completes: see os_sim.cc.
#include <fcntl.h>
#include <sys/syscall.h>

#include <cerrno>

#include "inject/sim/assert.h"
#include "inject/sim/machine.h"

namespace throwsplit::inject {

namespace {

static_assert(kSchedYield == SYS_sched_yield);

constexpr long kProcess = 1000;  // the one process there is; threads count on from it

// A result of `waiting` errno comes at the end of a wait that was cut short.
enum Phase : uint32_t { kAsked = 0, kStarted = 1, kWaited = 2, kInterrupted = 3 };

bool can_fail(long number) {
  return number == SYS_read || number == SYS_write || number == SYS_pipe2;
}

bool is_modelled(long number) {
  switch (number) {
    case SYS_getpid:
    case SYS_gettid:
    case SYS_sched_yield:
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_pause:
    case SYS_pipe2:
    case SYS_read:
    case SYS_write:
    case SYS_close:           return true;
    default:                  return false;
  }
}

}  // namespace

Progress Machine::syscall(Carrier& carrier, Request& request) {
  Progress progress = Progress::done;
  if (request.phase == kAsked) {
    request.phase = kStarted;
    if (syscall_fault(carrier, request, &progress)) return progress;
  }
  if (request.phase == kInterrupted) return Progress::done;
  request.result = 0;
  switch (request.number) {
    case SYS_getpid:          request.result = kProcess; break;
    case SYS_gettid:          request.result = kProcess + carrier.number; break;
    case SYS_sched_yield:     break;
    case SYS_nanosleep:
    case SYS_clock_nanosleep: return nanosleep(carrier, request);
    case SYS_pause:           return pause(carrier, request);
    case SYS_pipe2:           return pipe(request);
    case SYS_read:            return read(carrier, request);
    case SYS_write:           return write(carrier, request);
    case SYS_close:           return close(request);
    default:                  request.result = -ENOSYS; break;
  }
  return Progress::done;
}

// Faults of the call as a whole. True: there is nothing more to do for now.
bool Machine::syscall_fault(Carrier& carrier, Request& request, Progress* progress) {
  if (can_fail(request.number)) {
    if (const FailTerm* term = fault(Fault::kSyscallError)) {
      request.result = -fault_argument(*term, Action::kError, EIO);
      return true;
    }
  }
  if (!is_modelled(request.number)) return false;
  const FailTerm* term = fault(Fault::kSyscallLate);
  if (term == nullptr) return false;
  wait(carrier, WaitKind::call, 0,
       clock_.now_ns() + fault_argument(*term, Action::kLate, kLateNsPlain));
  *progress = Progress::waits;
  return true;
}

// A wait is about to begin. True: it will end after a while with -errno, and nobody wakes it.
bool Machine::interrupted(Request& request) {
  const FailTerm* term = fault(Fault::kSyscallEintr);
  if (term == nullptr) return false;
  request.phase = kInterrupted;
  request.result = -fault_argument(*term, Action::kError, EINTR);
  return true;
}

// a[0]: how long, or until when; a[1]: whether it is until when. due_ns: what is left, once
// interrupted.
Progress Machine::nanosleep(Carrier& carrier, Request& request) {
  if (request.phase == kWaited) return Progress::done;
  request.result = -EINVAL;
  if (request.a[0] < 0) return Progress::done;
  request.result = 0;
  bool absolute = request.a[1] != 0;
  int64_t now_ns = clock_.now_ns();
  int64_t ns = absolute ? request.a[0] - now_ns : request.a[0];
  if (ns <= 0) return Progress::done;
  request.phase = kWaited;
  int64_t slept_ns = interrupted(request) ? ns / 2 : ns;
  request.due_ns = ns - slept_ns;
  sleep_until(carrier, now_ns + slept_ns);
  carrier.wait.kind = WaitKind::call;
  return Progress::waits;
}

Progress Machine::pause(Carrier& carrier, Request& request) {
  bool ends = interrupted(request);
  wait(carrier, WaitKind::call, 0, ends ? clock_.now_ns() + kLateNsPlain : -1);
  return Progress::waits;
}

// ---- Pipes --------------------------------------------------------------------------------------

// a[1]: flags. The two descriptors come back in a[2] and a[3].
Progress Machine::pipe(Request& request) {
  int flags = static_cast<int>(request.a[1]);
  int descriptors[2];
  if ((flags & ~(O_NONBLOCK | O_CLOEXEC)) != 0) {
    request.result = -EINVAL;
  } else if (!files_.open_pipe((flags & O_NONBLOCK) != 0, descriptors)) {
    request.result = -EMFILE;
  } else {
    request.a[2] = descriptors[0];
    request.a[3] = descriptors[1];
  }
  return Progress::done;
}

// The call keeps hold of its pipe: closing the descriptor does not disturb it.
Progress Machine::wait_for_pipe(Carrier& carrier, Request& request, Pipe& pipe, bool writes) {
  int64_t due_ns = -1;
  if (interrupted(request)) {
    due_ns = clock_.now_ns() + kLateNsPlain;
  } else {
    request.pipe = &pipe;
    (writes ? pipe.waiting_writers : pipe.waiting_readers) |= mask_of(carrier.number);
  }
  wait(carrier, WaitKind::call, pipe.number, due_ns);
  return Progress::waits;
}

void Machine::wake_all(uint64_t* waiting) {
  for (; *waiting != 0; *waiting &= *waiting - 1)
    wake(carriers_[mask_first(*waiting)]);
}

size_t Machine::shortened(size_t bytes) {
  const FailTerm* term = bytes > 1 ? fault(Fault::kSyscallShort) : nullptr;
  if (term == nullptr) return bytes;
  auto limit = static_cast<size_t>(fault_argument(*term, Action::kShort, 1));
  if (limit == 0) limit = 1;  // none at all would be the end of the file
  return limit < bytes ? limit : bytes;
}

// a[2]: the most it takes. The carrier copies from pipe_at once it is back.
Progress Machine::read(Carrier& carrier, Request& request) {
  File* file = files_.at(request.a[0]);
  Pipe* pipe = request.pipe;
  if (pipe == nullptr) {
    request.result = -EBADF;
    if (file == nullptr || file->writes) return Progress::done;
    pipe = file->pipe;
    request.nonblocking = file->nonblocking;
  }
  auto wanted = static_cast<size_t>(request.a[2]);
  request.result = 0;
  if (wanted == 0 || (pipe->filled() == 0 && pipe->writers == 0)) return Progress::done;
  if (pipe->filled() == 0) {
    request.result = -EAGAIN;
    return request.nonblocking ? Progress::done : wait_for_pipe(carrier, request, *pipe, false);
  }
  size_t bytes = shortened(wanted < pipe->filled() ? wanted : pipe->filled());
  request.pipe_bytes = pipe->bytes.get();
  request.pipe_at = static_cast<uint32_t>(pipe->read_count % kPipeBytes);
  pipe->read_count += bytes;
  request.result = static_cast<long>(bytes);
  wake_all(&pipe->waiting_writers);
  return Progress::done;
}

// a[2]: how much; the carrier copies to pipe_at and asks again while `more` is set.
Progress Machine::write(Carrier& carrier, Request& request) {
  File* file = files_.at(request.a[0]);
  Pipe* pipe = request.pipe;
  if (pipe == nullptr) {
    request.result = -EBADF;
    if (file == nullptr || !file->writes) return Progress::done;
    pipe = file->pipe;
    request.nonblocking = file->nonblocking;
  }
  auto wanted = static_cast<size_t>(request.a[2]);
  request.result = 0;
  request.more = false;
  if (wanted == 0) return Progress::done;
  request.result = -EPIPE;
  if (pipe->readers == 0) return Progress::done;
  // Small writes are never torn.
  size_t least = wanted <= kPipeAtomicBytes && !request.torn ? wanted : 1;
  if (pipe->room() < least) {
    request.result = -EAGAIN;
    return request.nonblocking ? Progress::done : wait_for_pipe(carrier, request, *pipe, true);
  }
  size_t fits = wanted < pipe->room() ? wanted : pipe->room();
  size_t bytes = shortened(fits);
  request.pipe = pipe;
  request.pipe_bytes = pipe->bytes.get();
  request.pipe_at = static_cast<uint32_t>(pipe->write_count % kPipeBytes);
  pipe->write_count += bytes;
  request.result = static_cast<long>(bytes);
  request.more = bytes == fits && bytes < wanted && !request.nonblocking;
  request.torn = true;
  wake_all(&pipe->waiting_readers);
  return Progress::done;
}

Progress Machine::close(Request& request) {
  File* file = files_.at(request.a[0]);
  request.result = file == nullptr ? -EBADF : 0;
  if (file == nullptr) return Progress::done;
  Pipe* pipe = file->pipe;
  files_.close(file);
  wake_all(&pipe->waiting_readers);
  wake_all(&pipe->waiting_writers);
  return Progress::done;
}

}  // namespace throwsplit::inject
