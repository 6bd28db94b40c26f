// Learns which point did what: a term that fires is a wish, and not every wish comes true.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/run/deeds.h"

#include "runtime/gmp/gmp.h"

namespace throwsplit::fuzz {

int index_of_point(Site site) {
  static_assert(std::size(kPoints) <= kPointsMax);
  static const auto table = [] {
    std::array<int8_t, 256> made;
    made.fill(-1);
    for (size_t i = 0; i < std::size(kPoints); i++) {
      made[static_cast<size_t>(kPoints[i].point)] = static_cast<int8_t>(i);
    }
    return made;
  }();
  return site < table.size() ? table[site] : -1;
}

void Deeds::begin_run() {
  fired_at_.fill(kNowhere);
  asked_at_ = making_at_ = kNowhere;
}

namespace {

void note(Coverage& coverage, int point, Deed deed) {
  if (point >= 0) coverage.deeds.set(deed_index(static_cast<size_t>(point), deed));
}

}  // namespace

void Deeds::on_fired(const inject::Step& step, const inject::Verdict& verdict, Coverage& coverage) {
  const int point = index_of_point(step.site);
  fired_at_[step.carrier] = point;
  if (verdict.sleep_ns > 0) note(coverage, point, Deed::delay);
  if ((verdict.actions & kActFail) != 0) note(coverage, point, Deed::fail);
}

// Asks are taken up one at a time: as long as this word is not cleared, others are not heard.
void Deeds::on_step(const inject::Step& step) {
  if (step.site == site_of(Field::sched_stopasked, Access::store)) making_at_ = asked_at_;
}

void Deeds::on_event(const inject::Step& step, Event event, uint32_t a, Coverage& coverage) {
  if (event == Event::injected) {
    if (a == kActPreempt) note(coverage, fired_at_[step.carrier], Deed::preempt);
    if (a == kActMove) note(coverage, fired_at_[step.carrier], Deed::move);
    if (a == kActStop) asked_at_ = fired_at_[step.carrier];
  } else if (event == Event::stw_start && a == kNoIndex) {
    note(coverage, making_at_, Deed::stop);
  }
}

}  // namespace throwsplit::fuzz
