// Tells ThreadSanitizer what raw system calls order: a write happens before the read that meets it.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/os/io_order.h"

#if THROWSPLIT_TSAN

#include <sanitizer/tsan_interface.h>
#include <sys/syscall.h>

#include <cstddef>
#include <cstdint>

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

// Descriptors beyond share a place with a lower one: an edge too many, see the head of io_order.h.
constexpr size_t kPlaces = 1024;

// What the edges are tied to. The ends of a pipe share one.
char places[kPlaces];
// Which of them a descriptor uses, plus one; 0: the one of its own number.
uint16_t place_of[kPlaces];

// The table is told to nobody: descriptors are handed about by calls that order it.
NOSPLIT size_t own_place(long fd);
NO_SANITIZE size_t own_place(long fd) { return static_cast<size_t>(fd) % kPlaces; }

NOSPLIT char* place(long fd);
NO_SANITIZE char* place(long fd) {
  size_t own = own_place(fd);
  uint16_t other = __atomic_load_n(&place_of[own], __ATOMIC_RELAXED);
  return &places[other != 0 ? other - 1 : own];
}

// From here on `fd` uses the place of `like`.
NOSPLIT void settle(long fd, long like);
NO_SANITIZE void settle(long fd, long like) {
  auto shared = static_cast<uint16_t>(place(like) - places + 1);
  __atomic_store_n(&place_of[own_place(fd)], shared, __ATOMIC_RELAXED);
}

NOSPLIT void settle_alone(long fd);
NO_SANITIZE void settle_alone(long fd) {
  __atomic_store_n(&place_of[own_place(fd)], uint16_t{0}, __ATOMIC_RELAXED);
}

NOSPLIT void settle_pair(long array);
NO_SANITIZE void settle_pair(long array) {
  const int* ends = reinterpret_cast<const int*>(array);
  settle_alone(ends[0]);
  settle(ends[1], ends[0]);
}

}  // namespace

NO_SANITIZE void io_order_before(long nr, long a1) {
  switch (nr) {
    case SYS_write:
    case SYS_writev:
    case SYS_pwrite64:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_shutdown:
    case SYS_epoll_ctl:
    case SYS_close:     __tsan_release(place(a1)); return;
    default:            return;
  }
}

NO_SANITIZE void io_order_after(long nr, long a1, long a4, long result) {
  if (result < 0) return;
  switch (nr) {
    case SYS_read:
    case SYS_readv:
    case SYS_pread64:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_epoll_wait:
    case SYS_epoll_pwait: __tsan_acquire(place(a1)); return;
    case SYS_accept:
    case SYS_accept4:
      __tsan_acquire(place(a1));
      settle_alone(result);
      return;
    case SYS_pipe:
    case SYS_pipe2:         settle_pair(a1); return;
    case SYS_socketpair:    settle_pair(a4); return;
    case SYS_dup:
    case SYS_dup2:
    case SYS_dup3:          settle(result, a1); return;
    case SYS_open:
    case SYS_openat:
    case SYS_socket:
    case SYS_eventfd2:
    case SYS_epoll_create1: settle_alone(result); return;
    default:                return;
  }
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR

#endif
