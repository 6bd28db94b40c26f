// Carriers that wait and what ends their waits: threads, futexes, sleeps; and calls done at once.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "inject/sim/assert.h"
#include "inject/sim/machine.h"

namespace throwsplit::inject {

namespace {

// A carrier's stack: the program may ask for more. Sanitizer reports and libc run here too.
constexpr size_t kStackBytesMin = 128 * 1024;

// A thread's handle: never 0, and different for a later user of the same slot.
constexpr long handle_of(uint32_t number, uint32_t generation) {
  return static_cast<long>(generation) << 8 | (number + 1);
}
constexpr uint32_t number_of(uintptr_t handle) { return static_cast<uint32_t>(handle & 0xff) - 1; }

enum Phase : uint32_t { kAsked = 0, kWaited = 1, kLate = 2 };

}  // namespace

const FailTerm* Machine::fault(Fault fault) {
  return UNLIKELY(is_armed(fault)) ? arm_.visit(fault, die()) : nullptr;
}

// ---- Waiting ------------------------------------------------------------------------------------

// `due_ns` -1: until somebody wakes it.
void Machine::wait(Carrier& carrier, WaitKind kind, uint32_t object, int64_t due_ns) {
  enabled_ &= ~mask_of(carrier.number);
  carrier.wait.kind = kind;
  carrier.wait.object = object;
  carrier.wait.call_number = carrier.request != nullptr ? carrier.request->number : 0;
  carrier.wait.due_ns = due_ns;
  carrier.wait.held_up = false;
  if (due_ns >= 0) clock_.add(carrier.number, due_ns);
}

// A fault's doing, not the program's.
void Machine::hold_up(Carrier& carrier, int64_t ns) {
  wait(carrier, WaitKind::sleep, 0, clock_.now_ns() + ns);
  carrier.wait.held_up = true;
}

void Machine::wake(Carrier& carrier) {
  enabled_ |= mask_of(carrier.number);
  if (mask_has(clock_.timed(), carrier.number)) clock_.remove(carrier.number);
  carrier.futex_word = nullptr;
  carrier.wait.kind = WaitKind::none;
  carrier.wait.due_ns = -1;
  carrier.wait.held_up = false;
}

const Wait* Machine::waits(uint32_t* count) {
  for (uint32_t i = 0; i < created_; i++) {
    waits_[i] = carriers_[i].wait;
    waits_[i].carrier = i;
    waits_[i].live = carriers_[i].live;
    waits_[i].word = carriers_[i].futex_word;
  }
  *count = created_;
  return waits_;
}

// The late ones of a timed wait are faults; the early ones are a choice (Menu::timed), and a fault
// only in that a plan can ask for one.
void Machine::sleep_until(Carrier& carrier, int64_t due_ns) {
  if (const FailTerm* term = fault(Fault::kTimerLate)) {
    due_ns += fault_argument(*term, Action::kLate, kLateNsPlain);
  }
  if (fault(Fault::kTimerEarly) != nullptr) turn_clock(due_ns);
  wait(carrier, WaitKind::sleep, 0, due_ns);
}

// ---- Calls --------------------------------------------------------------------------------------

Progress Machine::perform(Carrier& carrier, Request& request) {
  if (request.site >= kSyscallSites || request.site == site_of(Call::other_syscall)) {
    return syscall(carrier, request);
  }
  switch (static_cast<Call>(request.site - kCallSites)) {
    case Call::thread_create: return thread_create(request);
    case Call::thread_join:   return thread_join(carrier, request);
    case Call::futex_sleep:   return futex_sleep(carrier, request);
    case Call::futex_wake:    return futex_wake(request);
    case Call::usleep:        return usleep(carrier, request);
    default:                  return Progress::done;
  }
}

// Null: the carrier did not come back from it, somebody else must be chosen.
HookContext* Machine::take_now(Carrier& carrier, Site site, Request* request) {
  switch (static_cast<Call>(site - kCallSites)) {
    case Call::exit:  exit(carrier); return nullptr;
    case Call::abort: return end_with(End::crashed);
    case Call::nanotime:
      if (const FailTerm* term = fault(Fault::kClockJump)) {
        turn_clock(clock_.now_ns() + fault_argument(*term, Action::kLate, kLateNsPlain));
      }
      request->result = clock_.now_ns();
      hash_.mix(static_cast<uint64_t>(request->result));
      break;
    default: memory_call(*request); break;
  }
  return go_on(carrier);
}

void Machine::memory_call(Request& request) {
  bool is_stack =
      request.site == site_of(Call::stack_alloc) || request.site == site_of(Call::stack_free);
  auto bytes = static_cast<size_t>(request.a[0]);
  switch (static_cast<Call>(request.site - kCallSites)) {
    case Call::alloc:
    case Call::stack_alloc: {
      request.result = 0;
      if (fault(Fault::kMmapRefused) != nullptr) break;
      request.block = memory_.take(bytes, is_stack);
      request.result = request.block != nullptr;
      break;
    }
    case Call::free:
    case Call::stack_free: memory_.give_back(request.pointer, is_stack, request.san); break;
    case Call::fence:
      if (fault(Fault::kMprotectRefused) != nullptr) {
        memory_.unfence(request.pointer);
        request.result = 0;
      } else {
        request.result = memory_.fence(request.pointer, bytes);
      }
      break;
    default: SIM_ASSERT(!"a call that is done at once");
  }
  hash_.mix(static_cast<uint64_t>(request.result));
}

// ---- Threads ------------------------------------------------------------------------------------

Carrier* Machine::create(void (*fn)(void*), void* arg, size_t stack_bytes) {
  uint32_t number = created_;
  if (number == kCarriersMax) {
    for (number = 0; number < kCarriersMax && carriers_[number].live;)
      number++;
    if (number == kCarriersMax) return nullptr;
  }
  Carrier& carrier = carriers_[number];
  if (!carrier.prepare(&host_, carrier_main, std::max(stack_bytes, kStackBytesMin))) return nullptr;
  order_release(&carrier.birth);  // the host wrote its first frame
  carrier.generation = number == created_ ? 1 : carrier.generation + 1;
  if (number == created_) created_++;
  carrier.number = number;
  carrier.live = true;
  carrier.joiners = 0;
  carrier.request = nullptr;
  carrier.wait = Wait{};
  carrier.futex_word = nullptr;
  carrier.fn = fn;
  carrier.arg = arg;
  live_++;
  enabled_ |= mask_of(number);
  return &carrier;
}

void Machine::exit(Carrier& carrier) {
  carrier.live = false;
  live_--;
  enabled_ &= ~mask_of(carrier.number);
  yielded_ &= ~mask_of(carrier.number);
  for (uint64_t rest = carrier.joiners; rest != 0; rest &= rest - 1)
    wake(carriers_[mask_first(rest)]);
  carrier.joiners = 0;
}

Progress Machine::thread_create(Request& request) {
  request.result = 0;
  if (fault(Fault::kThreadCreateRefused) != nullptr) return Progress::done;
  Carrier* made = create(request.fn, request.pointer, static_cast<size_t>(request.a[0]));
  if (made == nullptr) return Progress::done;
  request.result = handle_of(made->number, made->generation);
  if (const FailTerm* term = fault(Fault::kThreadStartLate)) {
    hold_up(*made, fault_argument(*term, Action::kLate, kLateNsPlain));
  }
  return Progress::done;
}

Progress Machine::thread_join(Carrier& carrier, Request& request) {
  uint32_t number = number_of(static_cast<uintptr_t>(request.a[0]));
  SIM_ASSERT(number < created_);
  Carrier& other = carriers_[number];
  const bool served_again = handle_of(number, other.generation) != request.a[0];
  if (served_again || !other.live) {
    const bool clean = served_again || other.saved_slot() == StackUnguarded;
    request.result = clean ? kJoined : kJoinedPoisoned;
    return Progress::done;
  }
  other.joiners |= mask_of(carrier.number);
  wait(carrier, WaitKind::join, number, -1);
  return Progress::waits;
}

// On the carrier of the parent, before anything that the child must not be ordered after.
void Machine::note_created(uintptr_t handle) { order_release(&carriers_[number_of(handle)].birth); }
void Machine::note_joined(uintptr_t handle) { order_acquire(&carriers_[number_of(handle)].death); }

// ---- Futexes and sleeps -------------------------------------------------------------------------

Progress Machine::futex_sleep(Carrier& carrier, Request& request) {
  if (request.phase == kWaited) {
    // Woken. Between the wake and the waker's word being seen, a kernel may take its time.
    request.phase = kLate;
    const FailTerm* term = fault(Fault::kFutexLateWake);
    if (term == nullptr) return Progress::done;
    hold_up(carrier, fault_argument(*term, Action::kLate, kLateNsPlain));
    return Progress::waits;
  }
  if (request.phase == kLate) return Progress::done;
  auto* word = static_cast<uint32_t*>(request.pointer);
  if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != static_cast<uint32_t>(request.a[0])) {
    return Progress::done;
  }
  if (fault(Fault::kFutexSpuriousWake) != nullptr || fault(Fault::kFutexEintr) != nullptr) {
    yield(carrier);  // it was in the kernel: whoever waits for a turn has had one
    return Progress::done;
  }
  request.phase = kWaited;
  int64_t limit_ns = request.a[1];
  int64_t due_ns = limit_ns < 0 || limit_ns > INT64_MAX / 2 ? -1 : clock_.now_ns() + limit_ns;
  if (due_ns >= 0) {
    if (const FailTerm* term = fault(Fault::kTimerLate)) {
      due_ns += fault_argument(*term, Action::kLate, kLateNsPlain);
    }
  }
  wait(carrier, WaitKind::futex, 0, due_ns);
  carrier.futex_word = word;
  carrier.futex_turn = futex_turns_++;
  return Progress::waits;
}

// One of those that sleep on the word: whom is the kernel's secret, so the die says; a calm kernel
// takes the one that came first.
Carrier* Machine::futex_sleeper(uint32_t* word) {
  Carrier* sleepers[kCarriersMax];
  uint32_t count = 0;
  for (uint32_t i = 0; i < created_; i++) {
    if (carriers_[i].live && carriers_[i].futex_word == word) sleepers[count++] = &carriers_[i];
  }
  if (count == 0) return nullptr;
  uint32_t rank = count == 1 ? 0 : die().pick(count, site_of(Call::futex_wake));
  SIM_ASSERT(rank < count);
  std::nth_element(
      sleepers, sleepers + rank, sleepers + count,
      [](const Carrier* a, const Carrier* b) { return a->futex_turn < b->futex_turn; });
  return sleepers[rank];
}

Progress Machine::futex_wake(Request& request) {
  auto* word = static_cast<uint32_t*>(request.pointer);
  request.result = 0;
  for (auto left = static_cast<uint32_t>(request.a[0]); left != 0; left--) {
    Carrier* sleeper = futex_sleeper(word);
    if (sleeper == nullptr) break;
    wake(*sleeper);
    request.result++;
  }
  return Progress::done;
}

Progress Machine::usleep(Carrier& carrier, Request& request) {
  if (request.phase != kAsked || request.a[0] <= 0) return Progress::done;
  request.phase = kWaited;
  sleep_until(carrier, clock_.now_ns() + request.a[0]);
  return Progress::waits;
}

}  // namespace throwsplit::inject
