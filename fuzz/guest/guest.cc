// The guest's root: opens what the program needs, starts main, and sees to it that all of it ends.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/guest/guest.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include <algorithm>

#include "runtime/runtime.h"
#include "runtime/sched/sched.h"
#include "runtime/syscall/syscall.h"

namespace throwsplit::fuzz {

namespace {

void goroutine_entry(void* arg) {
  auto* self = static_cast<GuestGoroutine*>(arg);
  guest_write(self->started, true);
  guest_run_body(self);
  guest_done(*self);
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

// Nobody may find the number once it can belong to another file.
void close_end(int& end) {
  const int open = guest_read(end);
  guest_write(end, -1);
  if (open >= 0) Syscall(SYS_close, open, 0, 0, 0, 0, 0);
}

bool all_done(const Guest& guest) {
  for (uint32_t i = 0; i < guest_count(guest); i++) {
    if (!guest_read(guest.goroutines[i].done)) return false;
  }
  return true;
}

bool all_resting(const Guest& guest) {
  for (uint32_t i = 0; i < guest_count(guest); i++) {
    const GuestGoroutine& each = guest.goroutines[i];
    if (!guest_read(each.done) && !guest_read(each.pausing)) return false;
  }
  return true;
}

bool any_pausing(const Guest& guest) {
  for (uint32_t i = 0; i < guest_count(guest); i++) {
    if (guest_read(guest.goroutines[i].pausing)) return true;
  }
  return false;
}

// A bit a pipe that the program names.
uint32_t used_pipes(const Input& input) {
  uint32_t used = 0;
  for (const Body& body : input.bodies) {
    for (const Op& op : body.ops) {
      auto code = static_cast<OpCode>(op.code);
      if (code != OpCode::kRead && code != OpCode::kWrite && code != OpCode::kReadobject) continue;
      used |= 1u << op.operand[1] % kGuestPipes;
    }
  }
  return used;
}

// False: the kernel refused memory, or the guest's maps are wrong.
bool register_maps(Guest& guest) {
  const char* refused = mapped_register();
  if (refused == nullptr) return true;
  if (strstr(refused, "no memory") == nullptr) {
    guest.broken_rule = "O9";
    guest.broken = refused;
  }
  guest.root_done = true;
  return false;
}

}  // namespace

uint32_t guest_count(const Guest& guest) {
  return std::min(guest_read(guest.claimed), kGuestGoroutinesMax);
}

// Once the last has ended it is the World's turn to end: that is no rest.
bool guest_rests(const Guest& guest) { return all_resting(guest) && any_pausing(guest); }

GuestGoroutine* guest_spawn(Guest& guest, uint32_t body) {
  if (guest_count(guest) == kGuestGoroutinesMax) return nullptr;
  if (body >= guest.input->bodies.size()) return nullptr;
  const uint32_t number = atomic_add<acq_rel>(&guest.claimed, 1u) - 1;
  if (number >= kGuestGoroutinesMax) return nullptr;
  GuestGoroutine* made = &guest.goroutines[number];
  made->guest = &guest;
  made->number = number;
  made->body = body;
  if (guest.mapped) made->mapped.emplace();
  guest_write(made->g, guest.mapped ? newproc_mapped(guest_mapped_main, made)
                                    : newproc(goroutine_entry, made, 0));
  // The kernel refused a stack: nobody will run it.
  if (made->g == nullptr) guest_write(made->done, true);
  return made;
}

void guest_root(void* arg) {
  Guest& guest = *static_cast<Guest*>(arg);
  guest.world = &this_world();
  guest.mapped = (guest.input->config.flags & kFlagMapped) != 0;
  // Without its maps no goroutine of the program can start.
  if (guest.mapped && !register_maps(guest)) return;
  open_pipes(guest, used_pipes(*guest.input));
  guest_spawn(guest, 0);
  while ((guest.input->config.flags & kFlagNoReaper) == 0) {
    sleep(guest.reap_every_ns);
    // Who pauses may be interrupted, and then needs whoever wakes it as much as before.
    if (all_done(guest)) break;
    // Writers without readers get EPIPE, readers without writers the end of the file.
    for (uint32_t i = 0; i < kGuestPipes; i++) {
      close_end(guest.pipe_write[i]);
      close_end(guest.pipe_read[i]);
    }
    for (uint32_t i = 0; i < guest_count(guest); i++) {
      G* other = guest_read(guest.goroutines[i].g);
      if (!guest_read(guest.goroutines[i].done) && other != nullptr) unpark_goroutine(other);
    }
  }
  guest.root_done = true;
}

}  // namespace throwsplit::fuzz
