// The guest's operations: what each op of a body does on the runtime, on native stacks.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/guest/ops.h"

#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "fuzz/guest/guest.h"
#include "fuzz/guest/heap_ops.h"
#include "runtime/runtime.h"
#include "runtime/sched/sched.h"
#include "runtime/sync/sync.h"
#include "runtime/syscall/syscall.h"

namespace throwsplit::fuzz {

void guest_check(uint32_t grown_bytes) { morestack_canonical(grown_bytes); }

void guest_broken(GuestGoroutine* self, const char* rule, const char* text) {
  if (guest_read(self->guest->broken) != nullptr) return;
  guest_write(self->guest->broken_rule, rule);
  guest_write(self->guest->broken, text);
}

void take_step(Guest* guest) {
  guest_progress(*guest);
  guest->word.add<relaxed>(1);
}

uint64_t steps_of(const Op& op) {
  return op.operand[0] < kGuestStepsMax ? op.operand[0] : kGuestStepsMax;
}

void run_steps(void* raw) {
  auto* steps = static_cast<Steps*>(raw);
  for (uint64_t i = 0; i < steps->count; i++)
    take_step(steps->guest);
}

timespec time_of(uint64_t ns) {
  constexpr int64_t kSecond = 1'000'000'000;
  return {static_cast<int64_t>(ns) / kSecond, static_cast<int64_t>(ns) % kSecond};
}

void verify_read(GuestGoroutine* self, const uint8_t* bytes, long got) {
  for (long i = 0; i < got; i++) {
    if (bytes[i] == kPipeByte) continue;
    guest_broken(self, "O8", "what the kernel read did not reach the caller's slot");
    return;
  }
}

long block_for(void* raw) {
  auto* time = static_cast<timespec*>(raw);
  return os_syscall6(SYS_nanosleep, reinterpret_cast<long>(time), 0, 0, 0, 0, 0);
}

void preempt_target(void* raw) {
  World& world = this_world();
  for (uint32_t i = 0; i < world.settings.procs; i++) {
    P* pp = &world.allp[i];
    M* mp = pp->m.load<acquire>();
    if (mp != nullptr && mp->curg.load<acquire>() == static_cast<G*>(raw)) preemptone(pp);
  }
}

G* live_target(GuestGoroutine* self, const Op& op) {
  if (op.operand[0] >= guest_count(*self->guest)) return nullptr;
  GuestGoroutine& target = self->guest->goroutines[op.operand[0]];
  return guest_read(target.done) ? nullptr : guest_read(target.g);
}

uint32_t frame_bytes_of(uint64_t wanted) {
  uint64_t bytes = (wanted + 15) & ~uint64_t{15};
  return static_cast<uint32_t>(bytes < 2 * kCanaryBytes ? 2 * kCanaryBytes : bytes);
}

size_t behind_call(const Body& body, size_t pc) {
  uint32_t open = 0;
  for (; pc < body.ops.size(); pc++) {
    auto code = static_cast<OpCode>(body.ops[pc].code);
    if (code == OpCode::kCall) open++;
    if (code == OpCode::kRet && --open == 0) return pc + 1;
  }
  return pc;
}

namespace {

constexpr uint32_t kSoftBytesStart = 2048;

// One frame of the guest: its memory, and where its ops begin.
struct Frame {
  GuestGoroutine* self;
  size_t pc;  // of the first op to run; afterwards of the first op behind the frame
  uint8_t* bytes;
  size_t byte_count;
  uint32_t depth;
  HeldObjects held = {};
};

uint8_t canary_of(const Frame& frame) {
  return static_cast<uint8_t>(0x40 + frame.self->number * 8 + frame.depth % 8);
}

void canary_write(Frame& frame) {
  memset(frame.bytes + frame.byte_count - kCanaryBytes, canary_of(frame), kCanaryBytes);
}

void canary_verify(Frame& frame) {
  for (size_t i = frame.byte_count - kCanaryBytes; i < frame.byte_count; i++) {
    if (frame.bytes[i] != canary_of(frame)) {
      guest_broken(frame.self, "O8", "a frame does not hold what was put there");
      return;
    }
  }
}

void spin(Guest* guest, uint64_t steps) {
  for (uint64_t i = 0; i < steps; i++) {
    guest_check(0);
    take_step(guest);
  }
}

void op_pinned(Guest* guest, const Op& op) {
  M* mp = acquirem();
  spin(guest, steps_of(op));
  releasem(mp);
}

void op_locked(Guest* guest, const Op& op) {
  Locked locked(&guest->mutex);
  spin(guest, steps_of(op));
}

long call_kernel(uint64_t mode, long nr, long a1, long a2, long a3) {
  if (mode == static_cast<uint64_t>(Mode::kBlock)) return Syscallblock(nr, a1, a2, a3, 0, 0, 0);
  return Syscall(nr, a1, a2, a3, 0, 0, 0);
}

void op_nanosleep(const Op& op) {
  timespec time = time_of(op.operand[1]);
  call_kernel(op.operand[0], SYS_nanosleep, reinterpret_cast<long>(&time), 0, 0);
}

// The slot of this frame that is lent to the kernel: all of it but the canary.
size_t slot_bytes(const Frame& frame, uint64_t wanted) {
  size_t most = frame.byte_count - kCanaryBytes;
  return wanted < most ? wanted : most;
}

void op_read(Frame& frame, const Op& op) {
  Guest* guest = frame.self->guest;
  size_t count = slot_bytes(frame, op.operand[2]);
  memset(frame.bytes, 0, count);
  long got = call_kernel(op.operand[0], SYS_read,
                         guest_read(guest->pipe_read[op.operand[1] % kGuestPipes]),
                         reinterpret_cast<long>(frame.bytes), static_cast<long>(count));
  verify_read(frame.self, frame.bytes, got);
}

void op_write(Frame& frame, const Op& op) {
  Guest* guest = frame.self->guest;
  size_t count = slot_bytes(frame, op.operand[2]);
  memset(frame.bytes, kPipeByte, count);
  call_kernel(op.operand[0], SYS_write, guest_read(guest->pipe_write[op.operand[1] % kGuestPipes]),
              reinterpret_cast<long>(frame.bytes), static_cast<long>(count));
}

// Nosplit: no check stands between the moment when only the arguments lead to the object and the
// call, and none behind it.
NOSPLIT NOINLINE long read_hidden(bool block, int pipe, HiddenObject* object);
long read_hidden(bool block, int pipe, HiddenObject* object) {
  const auto buffer = static_cast<long>(object->address());
  object->shown = nullptr;
  const long got = block ? Syscallblock(SYS_read, pipe, buffer, object->bytes, 0, 0, 0)
                         : Syscall(SYS_read, pipe, buffer, object->bytes, 0, 0, 0);
  object->shown = reinterpret_cast<void*>(object->address());
  return got;
}

void op_readobject(Frame& frame, const Op& op) {
  Guest* guest = frame.self->guest;
  const bool block = op.operand[0] == static_cast<uint64_t>(Mode::kBlock);
  const int pipe = guest_read(guest->pipe_read[op.operand[1] % kGuestPipes]);
  HiddenObject object;
  guest_hide_object(&object, static_cast<uint32_t>(op.operand[2]));
  if (object.masked == 0) return;
  guest_verify_hidden(frame.self, object, read_hidden(block, pipe, &object));
}

void op_shrink() {
  G* gp = getg();
  gp->preemptscan.store<release>(1);
  preempt_self(gp);
}

void op_blocking(const Op& op) {
  timespec time = time_of(op.operand[0]);
  blocking(block_for, &time);
}

void op_preempt(GuestGoroutine* self, const Op& op) {
  G* target = live_target(self, op);
  if (target == nullptr) return;
  if (target == getg()) {
    preempt_self(getg());
  } else {
    systemstack(preempt_target, target);
  }
}

long run_frame(uint8_t* bytes, size_t byte_count, void* arg);

// The soft limit that a frame of this many bytes asks for, or 0: it fits.
uint32_t grown_for(const GuestGoroutine* self, uint32_t frame_bytes) {
  uint32_t soft = self->soft_bytes;
  while (self->depth_bytes + frame_bytes > soft)
    soft *= 2;
  return soft == self->soft_bytes ? 0 : soft;
}

// Enters a frame through the canonical check. Leaves: frame->pc behind its ops.
void enter(Frame* frame, uint32_t frame_bytes) {
  GuestGoroutine* self = frame->self;
  uint32_t grown = grown_for(self, frame_bytes);
  if (grown != 0) self->soft_bytes = grown;
  self->depth_bytes += frame_bytes;
  guest_call(frame_bytes, run_frame, frame, grown);
  self->depth_bytes -= frame_bytes;
}

void op_call(Frame& frame, const Body& body, const Op& op) {
  GuestGoroutine* self = frame.self;
  uint32_t bytes = frame_bytes_of(op.operand[0]);
  if (frame.depth == kGuestDepthMax || self->depth_bytes + bytes > kDeclaredBytesMax) {
    frame.pc = behind_call(body, frame.pc);
    return;
  }
  Frame inner = {self, frame.pc + 1, nullptr, 0, frame.depth + 1, {}};
  enter(&inner, bytes);
  frame.pc = inner.pc;
}

long touch_frame(uint8_t* bytes, size_t byte_count, void*) {
  bytes[0] = bytes[byte_count - 1] = kPipeByte;
  return 0;
}

void op_grow(GuestGoroutine* self, const Op& op) {
  uint32_t bytes = frame_bytes_of(op.operand[0]);
  if (self->depth_bytes + bytes > kDeclaredBytesMax) return;
  uint32_t grown = grown_for(self, bytes);
  if (grown != 0) self->soft_bytes = grown;
  guest_call(bytes, touch_frame, nullptr, grown);
}

void op_wake(GuestGoroutine* self, const Op& op) {
  if (G* target = live_target(self, op)) unpark_goroutine(target);
}

void run_op(Frame& frame, const Op& op) {
  GuestGoroutine* self = frame.self;
  Guest* guest = self->guest;
  self->op = op.code;
  switch (static_cast<OpCode>(op.code)) {
    case OpCode::kChecksum: return canary_verify(frame);
    case OpCode::kGrow:     return op_grow(self, op);
    case OpCode::kSpin:     return spin(guest, steps_of(op));
    case OpCode::kPinned:   return op_pinned(guest, op);
    case OpCode::kLocked:   return op_locked(guest, op);
    case OpCode::kHog:
      for (uint64_t i = 0; i < steps_of(op); i++)
        take_step(guest);
      return;
    case OpCode::kYield:      return yield();
    case OpCode::kPreempt:    return op_preempt(self, op);
    case OpCode::kGetpid:     call_kernel(op.operand[0], SYS_getpid, 0, 0, 0); return;
    case OpCode::kSchedYield: call_kernel(op.operand[0], SYS_sched_yield, 0, 0, 0); return;
    case OpCode::kNanosleep:  return op_nanosleep(op);
    case OpCode::kRead:       return op_read(frame, op);
    case OpCode::kWrite:      return op_write(frame, op);
    case OpCode::kPause:
      guest_write(self->pausing, true);
      call_kernel(op.operand[0], SYS_pause, 0, 0, 0);
      guest_write(self->pausing, false);
      return;
    case OpCode::kBlocking:    return op_blocking(op);
    case OpCode::kSystemstack: {
      Steps steps = {guest, steps_of(op)};
      return on_systemstack(run_steps, &steps);
    }
    case OpCode::kSpawn:        guest_spawn(*guest, static_cast<uint32_t>(op.operand[0])); return;
    case OpCode::kPark:         return park_goroutine();
    case OpCode::kWake:         return op_wake(self, op);
    case OpCode::kSleep:        return sleep(static_cast<int64_t>(op.operand[0]));
    case OpCode::kLockthread:   return lock_thread();
    case OpCode::kUnlockthread: return unlock_thread();
    case OpCode::kStw:          {
      Steps steps = {guest, steps_of(op)};
      return stop_the_world(run_steps, &steps);
    }
    case OpCode::kCollect: return gc();
    case OpCode::kShrink:  return op_shrink();
    case OpCode::kAlloc:
      return guest_alloc(self, &frame.held, static_cast<uint32_t>(op.operand[0]));
    case OpCode::kDrop:       frame.held = {}; return;
    case OpCode::kReadobject: return op_readobject(frame, op);
    default:                  return;  // nop, and what this build has no stacks for
  }
}

// Runs the ops of one frame, up to its `ret`.
long run_frame(uint8_t* bytes, size_t byte_count, void* arg) {
  Frame& frame = *static_cast<Frame*>(arg);
  frame.bytes = bytes;
  frame.byte_count = byte_count;
  canary_write(frame);
  const Body& body = frame.self->guest->input->bodies[frame.self->body];
  while (frame.pc < body.ops.size()) {
    const Op& op = body.ops[frame.pc];
    guest_progress(*frame.self->guest);
    if (static_cast<OpCode>(op.code) == OpCode::kRet) {
      frame.pc++;
      if (frame.depth != 0) break;  // a `ret` without a `call` does nothing
      continue;
    }
    if (static_cast<OpCode>(op.code) == OpCode::kCall) {
      op_call(frame, body, op);
      guest_verify_objects(frame.self, frame.held);
      continue;
    }
    run_op(frame, op);
    guest_verify_objects(frame.self, frame.held);
    frame.pc++;
  }
  canary_verify(frame);
  return 0;
}

}  // namespace

void guest_run_body(GuestGoroutine* self) {
  self->soft_bytes = kSoftBytesStart;
  self->depth_bytes = 0;
  Frame frame = {self, 0, nullptr, 0, 0, {}};
  enter(&frame, kGuestBodyFrameBytes);
}

}  // namespace throwsplit::fuzz
