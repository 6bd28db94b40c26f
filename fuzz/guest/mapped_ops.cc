// The guest's operations on mapped stacks: decided here, on the system stack, a command at a time.
// SPDX-License-Identifier: Apache-2.0
//
// An op that needs the goroutine's own stack (a check, a call, a system call, a wait) leaves a
// command for the frame that asked and says how far it is (phase); the frame does it and asks
// again. No frame of C++ stands on the goroutine's stack meanwhile, but for those of a call that
// freezes it.
//
// Length: an op, a function; they share the few lines that leave a command.
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include <initializer_list>

#include "fuzz/guest/ops.h"
#include "runtime/gc/gc.h"
#include "runtime/sched/sched.h"
#include "runtime/sync/sync.h"
#include "runtime/syscall/syscall.h"

namespace throwsplit::fuzz {

namespace {

constexpr uint64_t kParkedWord = 0x7061726b65640000;                            // "parked"
constexpr uint64_t kForeignWords[] = {0x666f726569676e31, 0x666f726569676e32};  // "foreign1"...

template <typename F>
void call_next(const MappedActor& actor, F* target, std::initializer_list<long> arguments) {
  GuestCommand& command = actor.self->command;
  command.what = CMD_CALL;
  command.target = reinterpret_cast<void*>(target);
  size_t i = 0;
  for (const long argument : arguments)
    command.argument[i++] = argument;
}

template <typename T>
long as_long(T* pointer) {
  return reinterpret_cast<long>(pointer);
}

void leave_by(const MappedActor& actor, McallFn fn) { call_next(actor, mcall, {as_long(fn)}); }

void call_kernel(const MappedActor& actor, uint64_t mode, long nr, long a1 = 0, long a2 = 0,
                 long a3 = 0) {
  auto* stub = mode == static_cast<uint64_t>(Mode::kBlock) ? Syscallblock : Syscall;
  call_next(actor, stub, {nr, a1, a2, a3, 0, 0});
}

// What a call is about to write into; the pattern is gone there until the call is over.
void lend_to_call(const MappedActor& actor, size_t bytes) {
  mapped_take_back(actor);
  actor.frame().lent_bytes = static_cast<uint32_t>(bytes);
}

void end_loan_to_call(const MappedActor& actor) {
  actor.frame().lent_bytes = 0;
  mapped_slot_refill(actor);
}

const Body& body_of(const MappedActor& actor, const MappedFrame& frame) {
  return actor.self->guest->input->bodies[frame.body];
}

// The frame that the command enters will ask first when it is made.
MappedFrame& push(const MappedActor& actor, const MappedClass* kind) {
  MappedState& state = actor.state;
  MappedFrame& frame = state.frames[state.depth++];
  frame = MappedFrame();
  frame.kind = kind;
  state.bytes += static_cast<uint32_t>(kind->bytes);
  return frame;
}

bool has_room(const MappedState& state, const MappedClass* kind) {
  // One is kept for `grow`.
  return state.depth < kMappedFramesMax - 1 && state.bytes + kind->bytes <= kDeclaredBytesMax;
}

// True: a command stands.
bool leave(const MappedActor& actor) {
  MappedState& state = actor.state;
  MappedFrame& frame = actor.frame();
  mapped_take_back(actor);
  mapped_frames_verify(actor);
  actor.self->command.what = CMD_LEAVE;
  state.bytes -= static_cast<uint32_t>(frame.kind->bytes);
  state.depth--;
  if (state.depth == 0) {
    guest_done(*actor.self);
  } else if (!frame.is_root && !frame.leaves) {
    actor.frame().pc = frame.pc;
  }
  return true;
}

bool op_call(const MappedActor& actor, const Op& op) {
  MappedFrame& frame = actor.frame();
  const MappedClass* kind = mapped_class(frame_bytes_of(op.operand[0]));
  if (!has_room(actor.state, kind)) {
    frame.pc = static_cast<uint32_t>(behind_call(body_of(actor, frame), frame.pc));
    return false;
  }
  MappedFrame& inner = push(actor, kind);
  inner.body = frame.body;
  inner.pc = frame.pc + 1;
  call_next(actor, kind->entry, {});
  return true;
}

// ---- Ops in phases. Each returns true when a command stands and it is to be asked again.

bool check(const MappedActor& actor) {
  actor.self->command.what = CMD_CHECK;
  return true;
}

bool op_spin(const MappedActor& actor, const Op& op, uint32_t phase) {
  if (phase != 0) take_step(actor.self->guest);
  return phase < steps_of(op) && check(actor);
}

bool op_pinned(const MappedActor& actor, const Op& op, uint32_t phase) {
  if (phase == 0) actor.state.pinned = acquirem();
  if (op_spin(actor, op, phase)) return true;
  releasem(actor.state.pinned);
  return false;
}

bool op_locked(const MappedActor& actor, const Op& op, uint32_t phase) {
  if (phase == 0) lock(&actor.self->guest->mutex);
  if (op_spin(actor, op, phase)) return true;
  unlock(&actor.self->guest->mutex);
  return false;
}

bool op_nanosleep(const MappedActor& actor, const Op& op, uint32_t phase) {
  if (phase != 0) {
    end_loan_to_call(actor);
    return false;
  }
  lend_to_call(actor, sizeof(timespec));
  const timespec time = time_of(op.operand[1]);
  memcpy(actor.slot(), &time, sizeof time);
  call_kernel(actor, op.operand[0], SYS_nanosleep, as_long(actor.slot()));
  return true;
}

bool op_read(const MappedActor& actor, const Op& op, uint32_t phase) {
  const size_t count = actor.slot_bytes(op.operand[2]);
  if (phase == 0) {
    lend_to_call(actor, count);
    memset(actor.slot(), 0, count);
    call_kernel(actor, op.operand[0], SYS_read,
                guest_read(actor.self->guest->pipe_read[op.operand[1] % kGuestPipes]),
                as_long(actor.slot()), static_cast<long>(count));
    return true;
  }
  verify_read(actor.self, actor.slot(), actor.self->command.result);
  end_loan_to_call(actor);
  return false;
}

bool op_write(const MappedActor& actor, const Op& op, uint32_t phase) {
  const size_t count = actor.slot_bytes(op.operand[2]);
  if (phase == 0) {
    lend_to_call(actor, count);
    memset(actor.slot(), kPipeByte, count);
    call_kernel(actor, op.operand[0], SYS_write,
                guest_read(actor.self->guest->pipe_write[op.operand[1] % kGuestPipes]),
                as_long(actor.slot()), static_cast<long>(count));
    return true;
  }
  end_loan_to_call(actor);
  return false;
}

bool op_pause(const MappedActor& actor, const Op& op, uint32_t phase) {
  guest_write(actor.self->pausing, phase == 0);
  if (phase != 0) return false;
  call_kernel(actor, op.operand[0], SYS_pause);
  return true;
}

bool op_blocking(const MappedActor& actor, const Op& op, uint32_t phase) {
  if (phase != 0) return false;
  MappedState& state = actor.state;
  state.blocking_time = time_of(op.operand[0]);
  state.blocking = {block_for, &state.blocking_time, 0, 0};
  call_next(actor, blocking_edges, {as_long(&state.blocking)});
  return true;
}

// Writes to the stack that it parks, as a channel's unlockf may: nobody moves that stack meanwhile.
bool commit_in_slot(G* gp, void* slot) {
  *static_cast<volatile uint64_t*>(slot) = kParkedWord;
  return park_goroutine_commit(gp);
}

G* park_with_slot_m(G* gp) {
  auto* self = static_cast<GuestGoroutine*>(gp->startarg);
  const MappedActor actor = {self, *self->mapped, gp, gp->sched.sp + SAVED_BYTES};
  return gopark_m(gp, commit_in_slot, actor.slot(), "park");
}

bool op_park(const MappedActor& actor, uint32_t phase) {
  MappedFrame& frame = actor.frame();
  if (phase == 0) {
    // A slot that is lent stays lent meanwhile.
    if (frame.loan == nullptr) lend_to_call(actor, sizeof kParkedWord);
    leave_by(actor, frame.loan == nullptr ? park_with_slot_m : park_goroutine_m);
    return true;
  }
  park_goroutine_woken(actor.gp);
  if (frame.loan != nullptr) return false;
  if (memcmp(actor.slot(), &kParkedWord, sizeof kParkedWord) != 0) {
    guest_broken(actor.self, "O9", "what was written to a stack as it was parked is not there");
  }
  end_loan_to_call(actor);
  return false;
}

bool op_sleep(const MappedActor& actor, const Op& op, uint32_t phase) {
  if (phase != 0) return false;
  const auto ns = static_cast<int64_t>(op.operand[0]);
  if (ns != 0) actor.gp->wake_ns = os_deadline(ns);
  leave_by(actor, ns == 0 ? gosched_m : sleep_m);
  return true;
}

bool op_stw(const MappedActor& actor, const Op& op, uint32_t phase) {
  if (phase == 0) {
    leave_by(actor, semacquire_world_m);
    return true;
  }
  Steps steps = {actor.self->guest, steps_of(op)};
  WorldStop stop = {run_steps, &steps};
  stop_run_start(&stop);
  semrelease_world_m(this_world());
  return false;
}

bool op_collect(const MappedActor& actor, uint32_t phase) {
  if (phase == 0) {
    leave_by(actor, semacquire_world_m);
    return true;
  }
  gc_collect(this_world());
  semrelease_world_m(this_world());
  return false;
}

// As preempt_self; its slot is written on the way back to its stack.
void ask_self(G* gp) {
  gp->preempt.store<relaxed>(1);
  gp->stackguard0.store<relaxed>(StackPreempt);
}

// As when a scanner asks: it does the work at its next check.
void op_shrink(const MappedActor& actor) {
  actor.gp->preemptscan.store<release>(1);
  ask_self(actor.gp);
}

void op_alloc(const MappedActor& actor, const Op& op) {
  HeldObjects held = mapped_held(actor);
  guest_alloc(actor.self, &held, static_cast<uint32_t>(op.operand[0]));
  mapped_hold(actor, held);
}

bool op_readobject(const MappedActor& actor, const Op& op, uint32_t phase) {
  HiddenObject& object = actor.state.hidden;
  if (phase != 0) {
    guest_verify_hidden(actor.self, object, actor.self->command.result);
    return false;
  }
  guest_hide_object(&object, static_cast<uint32_t>(op.operand[2]));
  if (object.masked == 0) return false;
  call_kernel(actor, op.operand[0], SYS_read,
              guest_read(actor.self->guest->pipe_read[op.operand[1] % kGuestPipes]),
              static_cast<long>(object.address()), object.bytes);
  return true;
}

void op_preempt(const MappedActor& actor, const Op& op) {
  G* target = live_target(actor.self, op);
  if (target == nullptr) return;
  if (target != actor.gp) return preempt_target(target);
  ask_self(target);
}

bool op_grow(const MappedActor& actor, const Op& op, uint32_t phase) {
  const MappedClass* kind = mapped_class(frame_bytes_of(op.operand[0]));
  if (phase != 0 || actor.state.bytes + kind->bytes > kDeclaredBytesMax) return false;
  push(actor, kind).leaves = true;
  call_next(actor, kind->entry, {});
  return true;
}

// Foreign code: on the system stack, in a system call, with a pointer into the goroutine's stack.
// Twice for a callback, before and behind it: what it wrote first must be where it writes then.
void foreign(void* raw) {
  auto* words = static_cast<volatile uint64_t*>(raw);
  os_syscall6(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
  if (words[0] != kForeignWords[0]) {
    words[0] = kForeignWords[0];
  } else {
    words[1] = kForeignWords[1];
  }
}

bool op_callback(const MappedActor& actor, const Op& op, uint32_t phase) {
  if (phase != 0) {
    if (memcmp(actor.slot(), kForeignWords, sizeof kForeignWords) != 0) {
      guest_broken(actor.self, "O8", "what foreign code wrote did not reach its caller's slot");
    }
    end_loan_to_call(actor);
    return false;
  }
  const MappedClass* kind = mapped_class(GUEST_BODY_PAYLOAD);
  if (op.operand[0] >= actor.self->guest->input->bodies.size()) return false;
  if (!has_room(actor.state, kind)) return false;
  if (actor.slot_bytes(sizeof kForeignWords) != sizeof kForeignWords) return false;
  lend_to_call(actor, sizeof kForeignWords);
  memset(actor.slot(), 0, sizeof kForeignWords);
  MappedFrame& inner = push(actor, kind);
  inner.body = static_cast<uint32_t>(op.operand[0]);
  inner.is_root = inner.called_back = true;
  call_next(actor, Callback,
            {as_long(foreign), as_long(actor.slot()), as_long(kind->entry), as_long(actor.self)});
  return true;
}

bool op_spawn(const MappedActor& actor, const Op& op) {
  guest_spawn(*actor.self->guest, static_cast<uint32_t>(op.operand[0]));
  return false;
}

bool do_once(void (*fn)()) {
  fn();
  return false;
}

bool run_op(const MappedActor& actor, const Op& op, uint32_t phase) {
  GuestGoroutine* self = actor.self;
  Guest* guest = self->guest;
  self->op = op.code;
  switch (static_cast<OpCode>(op.code)) {
    case OpCode::kGrow:        return op_grow(actor, op, phase);
    case OpCode::kSpin:        return op_spin(actor, op, phase);
    case OpCode::kPinned:      return op_pinned(actor, op, phase);
    case OpCode::kLocked:      return op_locked(actor, op, phase);
    case OpCode::kHog:
    case OpCode::kSystemstack: {
      Steps steps = {guest, steps_of(op)};
      run_steps(&steps);
      return false;
    }
    case OpCode::kYield:
      if (phase == 0) leave_by(actor, gosched_m);
      return phase == 0;
    case OpCode::kPreempt: op_preempt(actor, op); return false;
    case OpCode::kGetpid:
      if (phase == 0) call_kernel(actor, op.operand[0], SYS_getpid);
      return phase == 0;
    case OpCode::kSchedYield:
      if (phase == 0) call_kernel(actor, op.operand[0], SYS_sched_yield);
      return phase == 0;
    case OpCode::kNanosleep: return op_nanosleep(actor, op, phase);
    case OpCode::kRead:      return op_read(actor, op, phase);
    case OpCode::kWrite:     return op_write(actor, op, phase);
    case OpCode::kPause:     return op_pause(actor, op, phase);
    case OpCode::kBlocking:  return op_blocking(actor, op, phase);
    case OpCode::kSpawn:     return op_spawn(actor, op);
    case OpCode::kPark:      return op_park(actor, phase);
    case OpCode::kWake:
      if (G* target = live_target(self, op)) unpark_goroutine(target);
      return false;
    case OpCode::kSleep:        return op_sleep(actor, op, phase);
    case OpCode::kLockthread:   return do_once(lock_os_thread);
    case OpCode::kUnlockthread: return do_once(unlock_os_thread);
    case OpCode::kStw:          return op_stw(actor, op, phase);
    case OpCode::kWeb:          mapped_weave(actor, op.operand[0]); return false;
    case OpCode::kLend:         mapped_lend(actor, op.operand[0], op.operand[1]); return false;
    case OpCode::kCallback:     return op_callback(actor, op, phase);
    case OpCode::kCollect:      return op_collect(actor, phase);
    case OpCode::kShrink:       op_shrink(actor); return false;
    case OpCode::kAlloc:        op_alloc(actor, op); return false;
    case OpCode::kDrop:         mapped_hold(actor, {}); return false;
    case OpCode::kReadobject:   return op_readobject(actor, op, phase);
    default:                    return false;  // nop, and checksum: verified anyway
  }
}

// True: a command stands.
bool advance(const MappedActor& actor) {
  MappedFrame& frame = actor.frame();
  const Body& body = body_of(actor, frame);
  if (frame.leaves) return leave(actor);
  if (frame.phase == 0) {
    mapped_write_loans(actor);
    if (frame.pc >= body.ops.size()) return leave(actor);
    guest_progress(*actor.self->guest);
  }
  const Op& op = body.ops[frame.pc];
  if (static_cast<OpCode>(op.code) == OpCode::kRet) {
    frame.pc++;
    return !frame.is_root && leave(actor);
  }
  if (static_cast<OpCode>(op.code) == OpCode::kCall) return op_call(actor, op);
  if (run_op(actor, op, frame.phase)) {
    frame.phase++;
    return true;
  }
  frame.phase = 0;
  frame.pc++;
  return false;
}

// The first frame, which no op asked for.
void begin_body(const MappedActor& actor) {
  guest_write(actor.self->started, true);
  MappedFrame& frame = push(actor, mapped_class(GUEST_BODY_PAYLOAD));
  frame.body = actor.self->body;
  frame.is_root = true;
}

}  // namespace

void guest_mapped_next(void* raw) {
  auto* self = static_cast<GuestGoroutine*>(raw);
  G* gp = getg()->m->curg.peek();
  const MappedActor actor = {self, *self->mapped, gp, gp->sched.sp + SAVED_BYTES};
  if (actor.state.depth == 0) begin_body(actor);
  if (actor.frame().below_hi == 0) mapped_frame_begin(actor);
  mapped_frames_verify(actor);
  while (!advance(actor)) {
  }
}

}  // namespace throwsplit::fuzz
