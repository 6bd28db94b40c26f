// What a run tells an engine beside the edges of its code: who met whom, who woke whom, whose P.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets/feedback.h"

#include "fuzz/guest/guest.h"

namespace throwsplit::fuzz {
namespace {

// Beside the codes of op.def: who runs no operation.
constexpr uint8_t kOpRoot = 0xfd;       // the guest's root goroutine
constexpr uint8_t kOpScheduler = 0xfc;  // an M between goroutines
constexpr uint8_t kOpOwn = 0xfb;        // an M with a function of its own: sysmon and the like
constexpr uint8_t kOpUnborn = 0xfa;     // a thread that has not said who it is

constexpr uint64_t kNoteSleeper = 1;  // woken through a note that is no M's

template <typename... Words>
void light(Metric metric, Words... words) {
  uint64_t hash = 0;
  const auto mix = [&hash](uint64_t word) {
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
  };
  (mix(words), ...);
  const std::span<uint8_t> range = counters_of(metric);
  range[hash % range.size()] = 1;
}

// By its letters: an address would not be the same in another build.
uint64_t hash_of(const char* text) {
  uint64_t hash = 0;
  for (; *text != 0; text++)
    hash = hash * 31 + static_cast<uint8_t>(*text);
  return hash;
}

// Points that many paths share tell nothing about the path.
bool is_on_every_path(Site site) {
  return site == site_of(Point::pidleget_window) || site == site_of(Point::unlock_repoison);
}

// Events that tell what a carrier is about. Those of Ps and of sleeping Ms are ends of edges.
bool is_landmark(Event event) {
  switch (event) {
    case Event::go_create:
    case Event::go_start:
    case Event::go_sched:
    case Event::go_park:
    case Event::go_end:
    case Event::go_syscall:
    case Event::go_syscall_exit:
    case Event::go_syscall_queued:
    case Event::proc_handoff:
    case Event::stw_start:
    case Event::stw_end:
    case Event::preempt_honoured:
    case Event::gc_start:
    case Event::gc_mark:
    case Event::sysmon_wake:
    case Event::m_start:           return true;
    default:                       return false;
  }
}

}  // namespace

void Feedback::begin_run(const inject::RunInfo&) {
  carrier_ = inject::kNobody;
  paths_.fill(0);
  ps_.fill(Trail());
  gs_.fill(Trail());
}

Feedback::Doing Feedback::doing(uint32_t carrier) const {
  const M* mp = stage_.scene->m(carrier);
  if (mp == nullptr) return {kOpUnborn, 0, 0};
  Doing now;
  const P* pp = mp->p.peek() != nullptr ? mp->p.peek() : mp->oldp;
  now.p_status = pp == nullptr ? uint8_t{0xff} : static_cast<uint8_t>(pp->status.peek());
  const G* gp = mp->curg.peek();
  if (gp == nullptr) {
    now.op = mp->mstartfn == nullptr ? kOpScheduler : kOpOwn;
    return now;
  }
  now.g_status = static_cast<uint8_t>(plainstatus(gp));
  const auto& goroutines = stage_.guest->goroutines;
  const auto* self = static_cast<const GuestGoroutine*>(gp->startarg);
  const bool is_guests = self >= goroutines && self < goroutines + kGuestGoroutinesMax;
  now.op = is_guests ? self->op : kOpRoot;
  return now;
}

uint32_t Feedback::p_of(uint32_t carrier) const {
  const M* mp = stage_.scene->m(carrier);
  const P* pp = mp == nullptr ? nullptr : mp->p.peek();
  return pp == nullptr ? kNoP : pp->id;
}

// Control went from one M to another: which step of whom came right after which of whom, and, more
// coarsely, what the two of them are doing.
void Feedback::switched(const inject::Step& step) {
  light(Metric::switches, site_, step.site);
  const Doing left = doing(carrier_);
  const Doing comes = doing(step.carrier);
  light(Metric::operations, left.op, left.g_status, comes.op, comes.p_status);
}

bool Feedback::on_step(const inject::Step& step) {
  if (!stage_.scene->live()) return false;
  if (carrier_ != step.carrier && carrier_ != inject::kNobody) switched(step);
  carrier_ = step.carrier;
  site_ = step.site;
  if (step.site < kAccessSites) {
    if (!is_on_every_path(step.site)) paths_[step.carrier] = step.site;
  } else if (is_syscall(step.site)) {
    paths_[step.carrier] = step.site;
  } else if (step.site == site_of(Field::note_word, Access::rmw)) {
    light(Metric::wakes, paths_[step.carrier], kNoteSleeper);
  } else if (step.site == site_of(Field::p_runqhead, Access::rmw)) {
    // From whose queue is it taken, by whom?
    const bool own = p_of(step.carrier) == step.object;
    if (!own) light(Metric::handoffs, step.site, paths_[step.carrier], doing(step.carrier).op);
  }
  return false;
}

void Feedback::woken(uint32_t carrier, uint32_t g) {
  const G* gp = stage_.scene->g(g);
  if (gp == nullptr) return;
  light(Metric::wakes, doing(carrier).op, paths_[carrier], hash_of(gp->waitreason));
}

// What the M waited in: the last place on its own way.
void Feedback::unparked(uint32_t carrier, uint32_t m) {
  Site waits_in = 0;
  for (uint32_t i = 0; i < inject::kCarriersMax; i++) {
    const M* mp = stage_.scene->m(i);
    if (mp != nullptr && mp->id == m) waits_in = paths_[i];
  }
  light(Metric::wakes, paths_[carrier], waits_in, site_);
}

void Feedback::p_passes(uint32_t carrier, Event event, uint64_t p) {
  if (p >= kPsMax) return;
  Trail& before = ps_[p];
  const Trail now{static_cast<Site>(kEventSites + static_cast<Site>(event)), paths_[carrier],
                  carrier};
  light(Metric::handoffs, before.what, before.path, now.what, now.path, before.by == now.by);
  before = now;
}

void Feedback::g_runnable(uint32_t carrier, Event event, uint32_t g) {
  if (g >= gs_.size()) return;
  gs_[g] = {static_cast<Site>(kEventSites + static_cast<Site>(event)), paths_[carrier],
            p_of(carrier)};
}

void Feedback::g_starts(uint32_t carrier, uint32_t g, uint64_t p) {
  if (g >= gs_.size()) return;
  const Trail& made = gs_[g];
  const uint64_t where = made.by == kNoP ? 2 : (made.by == p ? 1 : 0);
  light(Metric::handoffs, made.what, made.path, where, paths_[carrier]);
}

bool Feedback::on_event(const inject::Step& step, Event event, uint32_t a, uint64_t b) {
  if (!stage_.scene->live()) return false;
  const uint32_t carrier = step.carrier;
  switch (event) {
    case Event::go_ready:          woken(carrier, a); [[fallthrough]];
    case Event::go_create:
    case Event::go_sched:
    case Event::go_syscall_queued: g_runnable(carrier, event, a); break;
    case Event::go_start:          g_starts(carrier, a, b); break;
    case Event::m_unpark:          unparked(carrier, a); break;
    case Event::go_syscall:
    case Event::go_syscall_exit:   p_passes(carrier, event, b); break;
    case Event::proc_acquire:
    case Event::proc_release:
    case Event::proc_idle:
    case Event::proc_unidle:
    case Event::proc_retake:
    case Event::proc_gcstop:
    case Event::proc_handoff:      p_passes(carrier, event, a); break;
    default:                       break;
  }
  if (is_landmark(event)) {
    paths_[carrier] = static_cast<Site>(kEventSites + static_cast<Site>(event));
  }
  return false;
}

}  // namespace throwsplit::fuzz
