// Why an M takes no step: the simulator's waits, told in the runtime's own terms.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/oracle/resting.h"

namespace throwsplit::fuzz {

namespace {

struct Words {
  const void* word;
  const char* name;
  bool is_lock;
};

// The words that Ms sleep on, but for each M's own note.
Words shared_word(World& world, const void* word) {
  Sched& sched = world.sched;
  const Words all[] = {
      {sched.lock.key.word(), "sched.lock", true},
      {sched.timers.lock.key.word(), "timers.lock", true},
      {world.gc.lock.key.word(), "gc.lock", true},
      {world.stackpool.lock.key.word(), "stackpool.lock", true},
      {world.framemaps_lock.key.word(), "framemaps_lock", true},
      {sched.stopnote.key.word(), "stopnote", false},
      {sched.sysmonnote.key.word(), "sysmonnote", false},
      {sched.newm_handoff.wake.key.word(), "the template thread's note", false},
      {sched.injected_stop.wake.key.word(), "the injected stopper's note", false},
  };
  for (const Words& each : all) {
    if (each.word == word) return each;
  }
  return {word, "a lock of the program", true};
}

M* sleeper_of(World& world, const void* word) {
  M* found = nullptr;
  for_each_m(world, [&](M* mp) {
    if (mp->park.key.word() == word) found = mp;
  });
  return found;
}

uint32_t rank_bit(LockRank rank) { return 1u << static_cast<uint32_t>(rank); }

std::string number(const char* letter, uint32_t id) { return letter + std::to_string(id); }

std::string what_m_does(World& world, M* mp, const inject::Wait* wait) {
  std::string text = number("M", mp->id);
  if (mp == world.sysmon) text += " (sysmon)";
  P* pp = mp->p.peek();
  G* gp = mp->curg.peek();
  if (pp != nullptr) text += " with " + number("P", pp->id);
  if (gp != nullptr) text += " runs " + number("G", gp->index);
  if (mp->spinning.peek() != 0) text += ", spins";
  if (mp->nextp != nullptr) text += ", is to start with " + number("P", mp->nextp->id);
  if (mp->lockedg != nullptr) text += ", tied to " + number("G", mp->lockedg->index);
  if ((mp->held_ranks & rank_bit(LockRank::timers)) != 0) text += ", holds timers.lock";
  if ((mp->held_ranks & rank_bit(LockRank::sched)) != 0) text += ", holds sched.lock";
  if ((mp->held_ranks & rank_bit(LockRank::scan)) != 0) text += ", holds a scan bit";
  if ((mp->held_ranks & rank_bit(LockRank::heap)) != 0) text += ", holds gc.lock";
  if ((mp->held_ranks & rank_bit(LockRank::stack)) != 0) text += ", holds a lock of rank stack";
  if (wait == nullptr) return text + "\n";
  switch (rest_of(world, *wait)) {
    case Rest::gone:    return text + ": is gone\n";
    case Rest::acts:    return text + ": can act\n";
    case Rest::held_up: return text + ": held up by a fault\n";
    case Rest::clock:   return text + ": sleeps between two rounds\n";
    case Rest::join:    return text + ": waits for a thread's end\n";
    case Rest::call:
      text += ": in call " + std::to_string(wait->call_number);
      return text + (wait->due_ns < 0 ? " until somebody ends it\n" : " for a time\n");
    case Rest::lock: {
      M* holder = holder_of(world, wait->word);
      text += std::string(": waits for ") + name_of_word(world, wait->word);
      return text + (holder == nullptr ? ", which nobody holds\n"
                                       : ", which " + number("M", holder->id) + " holds\n");
    }
    case Rest::note:
      text += std::string(": waits for ") + name_of_word(world, wait->word);
      return text + (wait->due_ns < 0 ? "\n" : ", for a time\n");
  }
  return text + "\n";
}

std::string what_p_does(World& world, P* pp) {
  std::string text = number("P", pp->id) + " is " + pstatus_name(pp->status.peek());
  M* mp = pp->m.peek();
  if (mp != nullptr) text += ", of " + number("M", mp->id);
  for_each_listed(world.sched.pidle.head(), &P::link, world.settings.procs, [&](const P* idle) {
    if (idle == pp) text += ", on the idle list";
  });
  uint32_t queued = pp->runqtail.peek() - pp->runqhead.peek();
  if (queued != 0) text += ", " + std::to_string(queued) + " in its queue";
  return text + "\n";
}

}  // namespace

Rest rest_of(World& world, const inject::Wait& wait) {
  if (!wait.live) return Rest::gone;
  if (wait.held_up) return Rest::held_up;
  switch (wait.kind) {
    case inject::WaitKind::none:  return Rest::acts;
    case inject::WaitKind::sleep: return Rest::clock;
    case inject::WaitKind::call:  return Rest::call;
    case inject::WaitKind::join:  return Rest::join;
    case inject::WaitKind::futex: break;
  }
  if (sleeper_of(world, wait.word) != nullptr) return Rest::note;
  return shared_word(world, wait.word).is_lock ? Rest::lock : Rest::note;
}

bool all_at_rest(const Scene& scene, const inject::Idle& idle) {
  for (uint32_t i = 0; i < idle.wait_count; i++) {
    const Rest rest = rest_of(scene.w(), idle.waits[i]);
    if (rest == Rest::acts || rest == Rest::held_up || rest == Rest::lock) return false;
  }
  return true;
}

M* holder_of(World& world, const void* word) {
  if (atomic_load<relaxed>(static_cast<const uint32_t*>(word)) == 0) return nullptr;  // it is free
  LockRank rank = LockRank::stack;
  if (word == world.sched.lock.key.word()) rank = LockRank::sched;
  if (word == world.sched.timers.lock.key.word()) rank = LockRank::timers;
  if (word == world.gc.lock.key.word()) rank = LockRank::heap;
  M* holder = nullptr;
  for_each_m(world, [&](M* mp) {
    if ((mp->held_ranks & rank_bit(rank)) != 0) holder = mp;
  });
  return holder;
}

const char* name_of_word(World& world, const void* word) {
  if (sleeper_of(world, word) != nullptr) return "its own note";
  return shared_word(world, word).name;
}

std::string who_waits_for_what(const Scene& scene) {
  World& world = scene.w();
  uint32_t count = 0;
  const inject::Wait* waits = scene.waits(&count);
  std::string text;
  for_each_m(world, [&](M* mp) {
    const inject::Wait* wait = nullptr;
    for (uint32_t i = 0; i < count; i++) {
      if (scene.m(i) == mp) wait = &waits[i];
    }
    text += what_m_does(world, mp, wait);
  });
  for (uint32_t i = 0; i < world.settings.procs; i++)
    text += what_p_does(world, &world.allp[i]);
  for (G* gp = world.sched.allgs; gp != nullptr; gp = gp->alllink) {
    uint32_t status = gp->atomicstatus.peek();
    if (status == Gdead) continue;
    text += number("G", gp->index) + " is " + gstatus_name(status);
    if (plainstatus(gp) == Gwaiting) text += std::string(", ") + gp->waitreason;
    text += "\n";
  }
  Sched& sched = world.sched;
  text += "global queue " + std::to_string(sched.runqsize.peek()) + ", timers " +
          std::to_string(sched.timers.count) + (sched.timers.kept.peek() != 0 ? ", kept" : "") +
          ", spinning " + std::to_string(sched.nmspinning.peek()) + ", idle Ps " +
          std::to_string(sched.npidle.peek()) + ", stopwait " +
          std::to_string(sched.stopwait.peek()) + "\n";
  if (sched.worldsema.held) text += "the right to stop the world is taken\n";
  return text;
}

}  // namespace throwsplit::fuzz
