// A goroutine's park token: waiting that cannot lose a wake-up that came first.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/sched/sched.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

// Nothing; a wake-up that nobody has used yet; or the goroutine itself, waiting.
enum : uint32_t { kNoToken = 0, kToken = 1, kParked = 2 };

bool park_commit(G* gp, void*) { return gp->parktoken.cas<acq_rel>(kNoToken, kParked); }

}  // namespace

void park_goroutine() {
  G* gp = getg();
  if (gp->parktoken.cas<acq_rel>(kToken, kNoToken)) return;
  gopark(park_commit, nullptr, "park");
  // Woken (the waker took the token with it), or a token came while we were on our way.
  gp->parktoken.cas<acq_rel>(kToken, kNoToken);
}

G* park_goroutine_m(G* gp) {
  if (gp->parktoken.cas<acq_rel>(kToken, kNoToken)) return gp;
  return gopark_m(gp, park_commit, nullptr, "park");
}

bool park_goroutine_commit(G* gp) { return park_commit(gp, nullptr); }

void park_goroutine_woken(G* gp) { gp->parktoken.cas<acq_rel>(kToken, kNoToken); }

void unpark_goroutine(G* gp) {
  for (;;) {
    uint32_t token = gp->parktoken.load<acquire>();
    if (token == kToken) return;
    if (token == kNoToken) {
      if (gp->parktoken.cas<acq_rel>(kNoToken, kToken)) return;
    } else if (gp->parktoken.cas<acq_rel>(kParked, kNoToken)) {
      goready(gp);
      return;
    }
  }
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
