// The guest's root: opens what the program needs, starts main, and sees to it that all of it ends.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/guest/guest.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "runtime/runtime.h"
#include "runtime/sched/sched.h"
#include "runtime/syscall/syscall.h"

namespace throwsplit::fuzz {

namespace {

constexpr int64_t kReapEveryNs = 1'000'000'000;

void goroutine_entry(void* arg) {
  auto* self = static_cast<GuestGoroutine*>(arg);
  self->started = true;
  guest_run_body(self);
  self->done = true;
}

void open_pipes(Guest& guest, uint32_t used) {
  for (uint32_t i = 0; i < kGuestPipes; i++) {
    if ((used >> i & 1) == 0) continue;
    int ends[2] = {-1, -1};
    if (Syscall(SYS_pipe2, reinterpret_cast<long>(ends), O_CLOEXEC, 0, 0, 0, 0) != 0) continue;
    guest.pipe_read[i] = ends[0];
    guest.pipe_write[i] = ends[1];
  }
}

void close_end(int& end) {
  if (end >= 0) Syscall(SYS_close, end, 0, 0, 0, 0, 0);
  end = -1;
}

bool all_resting(const Guest& guest) {
  for (uint32_t i = 0; i < guest.count; i++) {
    if (!guest.goroutines[i].done && !guest.goroutines[i].pausing) return false;
  }
  return true;
}

// A bit a pipe that the program names.
uint32_t used_pipes(const Input& input) {
  uint32_t used = 0;
  for (const Body& body : input.bodies) {
    for (const Op& op : body.ops) {
      auto code = static_cast<OpCode>(op.code);
      if (code != OpCode::kRead && code != OpCode::kWrite) continue;
      used |= 1u << op.operand[1] % kGuestPipes;
    }
  }
  return used;
}

}  // namespace

bool guest_rests(const Guest& guest) { return guest.root_done && all_resting(guest); }

GuestGoroutine* guest_spawn(Guest& guest, uint32_t body) {
  if (guest.count == kGuestGoroutinesMax || body >= guest.input->bodies.size()) return nullptr;
  GuestGoroutine* made = &guest.goroutines[guest.count];
  made->guest = &guest;
  made->number = guest.count;
  made->body = body;
  guest.count++;
  made->g = newproc(goroutine_entry, made, 0);
  if (made->g == nullptr) made->done = true;  // the kernel refused a stack: nobody will run it
  return made;
}

void guest_root(void* arg) {
  Guest& guest = *static_cast<Guest*>(arg);
  guest.world = &this_world();
  open_pipes(guest, used_pipes(*guest.input));
  guest_spawn(guest, 0);
  for (;;) {
    sleep(kReapEveryNs);
    if (all_resting(guest)) break;
    // Writers without readers get EPIPE, readers without writers the end of the file.
    for (uint32_t i = 0; i < kGuestPipes; i++) {
      close_end(guest.pipe_write[i]);
      close_end(guest.pipe_read[i]);
    }
    for (uint32_t i = 0; i < guest.count; i++) {
      GuestGoroutine& other = guest.goroutines[i];
      if (!other.done && other.g != nullptr) unpark_goroutine(other.g);
    }
  }
  guest.root_done = true;
}

}  // namespace throwsplit::fuzz
