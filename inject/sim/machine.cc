// The simulated machine: the state of a run, and the handler that every step of it passes through.
// SPDX-License-Identifier: Apache-2.0
#include "inject/sim/machine.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "inject/plan.h"
#include "inject/sim/assert.h"

#if THROWSPLIT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

// Of the Itanium C++ ABI; libstdc++ shows it in <cxxabi.h>, libc++ nowhere.
extern "C" void* __cxa_get_globals();

namespace throwsplit::inject {

namespace {

constexpr uint64_t calls_that_are_now() {
  enum Kind { step, now };
  uint64_t mask = 0;
#define CALL(number, name, kind, text) \
  if (kind == now) mask |= uint64_t{1} << number;
#include "inject/sim/calls.def"
#undef CALL
  return mask;
}

constexpr bool is_now(Site site) {
  return site < kCallSites + 64 && (calls_that_are_now() >> (site - kCallSites) & 1) != 0;
}

constexpr bool is_yield(Site site) {
  return site == site_of(Call::procyield) || site == site_of(Call::osyield);
}

constexpr bool fields_fit() {
  for (const FieldRow& row : kFields) {
    if (static_cast<uint16_t>(row.field) * 8 + 7 >= 1024) return false;
  }
  return true;
}
static_assert(fields_fit(), "site_index has room for 128 fields");

// __cxa_eh_globals, which no header shows: the Itanium C++ ABI fixes its layout.
struct ExceptionGlobals {
  void* caught;
  unsigned uncaught;
};
ExceptionGlobals* exception_globals;
int* error_number;

// Where the real thread that simulates keeps its own; found once a run.
void find_thread_state() {
  exception_globals = static_cast<ExceptionGlobals*>(__cxa_get_globals());
  error_number = &errno;
}

void keep_thread_state(ThreadState* state) {
  *state = {exception_globals->caught, exception_globals->uncaught, *error_number};
}

void set_thread_state(const ThreadState& state) {
  exception_globals->caught = state.caught_exceptions;
  exception_globals->uncaught = state.uncaught_exceptions;
  *error_number = state.error_number;
}

#if THROWSPLIT_ASAN
// A fake stack is made by the first frame that wants one; from then on the carrier's is known.
NOINLINE void make_fake_stack() {
  volatile char frame[16] = {};
  asm volatile("" : : "r"(frame) : "memory");
}
#endif

// Rows of the hash that are no steps.
constexpr uint64_t kHashClock = 0xffff;

}  // namespace

Machine* the_machine;

Machine& machine() {
  if (UNLIKELY(the_machine == nullptr)) the_machine = new Machine;
  return *the_machine;
}

// ---- A run --------------------------------------------------------------------------------------

SimOutcome Machine::run(const SimConfig& config, void (*main)(void*), void* arg) {
  SIM_ASSERT(!running_a_run_);
  begin(config);
  Carrier* first = create(main, arg, 0);
  SIM_ASSERT(first != nullptr);
  running_ = first->number;
  set_thread_state(first->thread_state);
  on_carrier_ = true;
  context_switch(&home_, first);
  set_hook_context(nullptr);
  return finish();
}

void Machine::begin(const SimConfig& config) {
  config_ = config;
  choice_ = config.choice;
  watcher_ = config.watcher;
  fair_ = stop_asked_ = false;
  running_a_run_ = true;
  enabled_ = yielded_ = 0;
  steps_ = choices_ = contests_ = fired_ = 0;
  attention_step_ = config.step_fair < config.step_max ? config.step_fair : config.step_max;
  step_ns_ = config.step_ns;
  created_ = live_ = 0;
  futex_turns_ = 0;
  text_bytes_ = 0;
  end_ = End::finished;
  hash_.reset();
  clock_.reset(config.now_ns_start);
  files_.reset();
  memset(visits_, 0, sizeof visits_);
  arm_.arm(config.plan != nullptr ? std::span<const FailTerm>(config.plan->terms)
                                  : std::span<const FailTerm>());
  find_thread_state();
  keep_thread_state(&home_state_);
  san_context_adopt(&host_.san, host_.san.bottom, host_.san.bytes);
  host_.fn = on_hook;
  RunInfo info{config.seed, config.step_max, config.step_fair, this};
  own_die_.seed(config.seed);
  if (choice_ != nullptr) {
    choice_->seed(config.seed);
    choice_->begin_run(info);
  }
  if (watcher_ != nullptr) watcher_->begin_run(info);
}

SimOutcome Machine::finish() {
  set_thread_state(home_state_);
  SimOutcome outcome;
  outcome.end = end_;
  outcome.trace_hash = hash_.value();
  outcome.steps = steps_;
  outcome.choices = choices_;
  outcome.contests = contests_;
  outcome.fired = fired_ + arm_.fired();
  outcome.now_ns = clock_.now_ns();
  outcome.carriers = created_;
  outcome.crash_text.assign(text_, text_bytes_);
  uint32_t count = 0;
  const Wait* all = waits(&count);
  outcome.waits.assign(all, all + count);
  for (uint32_t i = 0; i < created_; i++)
    carriers_[i].retire();
  RunEnd end{steps_, outcome.trace_hash, created_};
  if (choice_ != nullptr) choice_->finish_run(end);
  if (watcher_ != nullptr) watcher_->finish_run(end);
  running_a_run_ = false;
  return outcome;
}

// First thing on a fresh stack. No variables of its own: nothing ever takes this frame apart.
void Machine::carrier_main(void* arg) {
  machine().arrive(*static_cast<Carrier*>(arg));
  static_cast<Carrier*>(arg)->fn(static_cast<Carrier*>(arg)->arg);
  order_release(&static_cast<Carrier*>(arg)->death);
  hook_call(site_of(Call::exit), 0, 0);
  __builtin_trap();
}

void Machine::arrive(Carrier& carrier) {
  order_acquire(&carrier.birth);
  order_acquire(&carrier.death);
#if THROWSPLIT_ASAN
  if (carrier.wound_back) __asan_handle_no_return();
  make_fake_stack();
#endif
  carrier.wound_back = false;
  if (steps_ != 0 || created_ != 1) return;
  // The host answers hooks below the frame it left from, on the stack it left.
  constexpr uintptr_t kRedZoneBytes = 128;
  host_.sp = (home_.sp - kRedZoneBytes) & ~uintptr_t{15};
  host_.san.bottom = home_.self.bottom;
  host_.san.bytes = home_.self.bytes;
}

// ---- A step -------------------------------------------------------------------------------------

HookContext* Machine::on_hook(HookContext* self, uint32_t site, uint32_t object, uint64_t extra) {
  Machine& m = *the_machine;
  m.on_carrier_ = false;
  auto& carrier = *static_cast<Carrier*>(self);
  carrier.note_own_stack();
  if (UNLIKELY(site >= kEventSites)) return m.told(carrier, static_cast<Site>(site), object, extra);
  return m.step(carrier, static_cast<Site>(site), object, extra);
}

HookContext* Machine::told(Carrier& carrier, Site site, uint32_t object, uint64_t extra) {
  hash_.mix_step(site, carrier.number, object);
  hash_.mix(extra);
  carrier.reply = 0;
  if (watcher_ != nullptr) {
    Step now{steps_, clock_.now_ns(), carrier.number, site, object, extra};
    bool stop = site >= kMoveSites ? watcher_->on_move(now, uint32_t{site} - kMoveSites)
                                   : watcher_->on_event(now, static_cast<Event>(site - kEventSites),
                                                        object, extra);
    if (stop) return end_with(End::finding);
  }
  on_carrier_ = true;
  return &carrier;
}

HookContext* Machine::step(Carrier& carrier, Site site, uint32_t object, uint64_t extra) {
  hash_.mix_step(site, carrier.number, object);
  Menu menu;
  menu.site = site;
  menu.object = object;
  menu.last = carrier.number;
  menu.occurrence = ++visits_[site_index(site)];
  menu.step = steps_++;
  clock_.pass(step_ns_);
  carrier.reply = 0;
  if (watcher_ != nullptr) {
    Step now{menu.step, clock_.now_ns(), carrier.number, site, object, extra};
    if (watcher_->on_step(now)) return end_with(End::finding);
  }
  if (site < kAccessSites) {
    if (UNLIKELY(arm_.armed_at(Where::kPoint, static_cast<uint8_t>(site)))) {
      at_point(carrier, menu);
    }
  } else if (site >= kCallSites) {
    if (is_now(site)) {
      if (HookContext* next = take_now(carrier, site, reinterpret_cast<Request*>(extra)))
        return next;
    } else {
      carrier.request = reinterpret_cast<Request*>(extra);
      if (is_yield(site) || site == syscall_site(kSchedYield)) yield(carrier);
    }
  }
  return schedule(menu);
}

HookContext* Machine::schedule(Menu& menu) {
  for (;;) {
    if (UNLIKELY(steps_ >= attention_step_) && attend()) return &home_;
    if (UNLIKELY(clock_.someone_is_due())) wake_due();
    if (UNLIKELY(enabled_ == 0)) {
      if (!turn_idle_clock(menu)) return &home_;
      continue;
    }
    uint32_t next = choose(menu);
    if (UNLIKELY(!mask_has(enabled_, next))) {
      turn_clock(clock_.due_ns(next));
      wake_due();
    }
    if (yielded_ != 0) settle_yields(next);
    Carrier& carrier = carriers_[next];
    Request* request = carrier.request;
    if (LIKELY(request == nullptr)) return go_on(carrier);
    if (perform(carrier, *request) == Progress::done) {
      hash_.mix(static_cast<uint64_t>(request->result));
      carrier.request = nullptr;
      return go_on(carrier);
    }
    // It waits now: that was a step of its own, and somebody else must be chosen.
    menu.last = next;
    menu.site = request->site;
    menu.object = carrier.wait.object;
    menu.occurrence = ++visits_[site_index(menu.site)];
    menu.step = steps_++;
    clock_.pass(step_ns_);
    hash_.mix_step(menu.site, next, menu.object);
  }
}

// Asks where there is a choice.
uint32_t Machine::choose(Menu& menu) {
  uint64_t timed = clock_.timed();
  uint64_t can = enabled_ | timed;
  if ((can & (can - 1)) == 0) return mask_first(can);
  menu.enabled = enabled_;
  menu.timed = timed;
  menu.yielded = yielded_ & enabled_;
  menu.current = mask_has(enabled_, menu.last) ? menu.last : kNobody;
  menu.next_timed = clock_.next();
  menu.now_ns = clock_.now_ns();
  if (UNLIKELY(fair_)) return take_turns(menu);
  if (choice_ == nullptr) return keep_running(menu);
  choices_++;
  if ((enabled_ & (enabled_ - 1)) != 0) contests_++;
  uint32_t next = choice_->choose(menu);
  SIM_ASSERT(next < kCarriersMax);
  SIM_ASSERT(mask_has(can, next));
  return next;
}

HookContext* Machine::go_on(Carrier& carrier) {
  if (carrier.number != running_) {
    keep_thread_state(&carriers_[running_].thread_state);
    set_thread_state(carrier.thread_state);
    running_ = carrier.number;
  }
  on_carrier_ = true;
  return &carrier;
}

bool Machine::ends(End end) {
  end_ = end;
  return true;
}

HookContext* Machine::end_with(End end) {
  end_ = end;
  return &home_;
}

// Something out of the ordinary is due. True: the run ends, with end_ saying how.
bool Machine::attend() {
  if (stop_asked_) return ends(End::finding);
  if (clock_.now_ns() > config_.now_ns_max) return ends(End::time_exhausted);
  if (steps_ >= config_.step_max) return ends(End::steps_exhausted);
  if (steps_ >= config_.step_fair && !fair_) {
    fair_ = true;
    fired_ += arm_.fired();
    arm_.disarm();
  }
  attention_step_ =
      fair_ ? config_.step_max
            : (config_.step_fair < config_.step_max ? config_.step_fair : config_.step_max);
  return false;
}

void Machine::turn_clock(int64_t to_ns) {
  clock_.turn_to(to_ns);
  hash_.mix(kHashClock);
  hash_.mix(static_cast<uint64_t>(clock_.now_ns()));
  if (clock_.now_ns() > config_.now_ns_max) attention_step_ = 0;
}

// Nobody can act. False: the run ends, with end_ saying how.
bool Machine::turn_idle_clock(const Menu& menu) {
  if (live_ == 0) return !ends(End::finished);
  bool due = clock_.timed() != 0;
  if (watcher_ != nullptr) {
    Idle idle{menu.step,     clock_.now_ns(), due ? clock_.next_due_ns() : -1,
              clock_.next(), nullptr,         0};
    idle.waits = waits(&idle.wait_count);
    if (watcher_->on_idle(idle)) return !ends(End::finding);
  }
  if (!due) return !ends(End::quiescent);
  turn_clock(clock_.next_due_ns());
  return true;
}

void Machine::wake_due() {
  while (clock_.someone_is_due())
    wake(carriers_[clock_.next()]);
}

void Machine::at_point(Carrier& carrier, const Menu& menu) {
  Verdict verdict = arm_.visit(static_cast<Point>(menu.site), die());
  if (verdict.quiet()) return;
  if (watcher_ != nullptr) {
    watcher_->on_fired({menu.step, clock_.now_ns(), carrier.number, menu.site, menu.object, 0},
                       verdict);
  }
  hash_.mix(verdict.actions << 1 | (verdict.yield ? 1 : 0));
  carrier.reply = verdict.actions;
  if (verdict.yield) yield(carrier);
  if (verdict.sleep_ns > 0) hold_up(carrier, verdict.sleep_ns);
}

// ---- Yielding -----------------------------------------------------------------------------------

void Machine::yield(Carrier& carrier) {
  yielded_ |= mask_of(carrier.number);
  carrier.owes = enabled_ & ~mask_of(carrier.number);
}

// Whoever goes on has had its turn; those who waited for nobody else any more are back in the game.
void Machine::settle_yields(uint32_t chosen) {
  yielded_ &= ~mask_of(chosen);
  for (uint64_t rest = yielded_; rest != 0; rest &= rest - 1) {
    Carrier& carrier = carriers_[mask_first(rest)];
    carrier.owes &= ~mask_of(chosen);
    if ((carrier.owes & enabled_) == 0) yielded_ &= ~mask_of(carrier.number);
  }
}

// The fair tail: everybody in turn.
uint32_t Machine::take_turns(const Menu& menu) {
  uint64_t eager = menu.enabled & ~menu.yielded;
  if (eager != 0) return mask_next(eager, menu.last);
  return menu.timed != 0 ? menu.next_timed : mask_next(menu.enabled, menu.last);
}

}  // namespace throwsplit::inject
