// For tests of strategies: small programs of simulated threads that say when their bug showed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "inject/choice.h"
#include "inject/sim/sim.h"
#include "runtime/hook/hook.h"
#include "runtime/os/os.h"

namespace throwsplit::inject {

// A program: its words, its main thread, and whether its bug showed. Each access is a step.
class Threads {
 public:
  virtual ~Threads() = default;
  virtual void main() = 0;
  bool broken = false;

 protected:
  class Word {
   public:
    Word(Threads* program, uint32_t value) : word_(value) { word_.bind(program->objects_++); }
    uint32_t read() const { return word_.load<seq_cst>(); }
    void write(uint32_t value) { word_.store<seq_cst>(value); }

   private:
    Shared<uint32_t, Field::user_word> word_;
  };

  class Mutex {
   public:
    explicit Mutex(Threads* program) { word_.bind(program->objects_++); }
    void lock() {
      while (word_.exchange<acquire>(1) != 0)
        os_futexsleep(word_.word(), 1, kForever);
    }
    void unlock() {
      word_.store<release>(0);
      os_futexwakeup(word_.word(), 1);
    }

   private:
    Shared<uint32_t, Field::lock_word> word_{0};
  };

  class Locked {
   public:
    explicit Locked(Mutex& mutex) : mutex_(mutex) { mutex_.lock(); }
    ~Locked() { mutex_.unlock(); }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;

   private:
    Mutex& mutex_;
  };

  void spawn(std::function<void()> body) {
    bodies_.push_back(std::move(body));
    OsThread thread;
    auto run = [](void* arg) { (*static_cast<std::function<void()>*>(arg))(); };
    if (os_thread_create(&thread, run, &bodies_.back(), 0)) threads_.push_back(thread);
  }
  void join_all() {
    for (const OsThread thread : threads_)
      os_thread_join(thread);
  }

 private:
  uint32_t objects_ = 0;
  std::deque<std::function<void()>> bodies_;
  std::vector<OsThread> threads_;
};

template <typename Program>
struct Ran {
  bool broken;
  SimOutcome outcome;
};

// One run of a fresh Program under the strategy.
template <typename Program>
Ran<Program> run_threads(Choice& choice) {
  Program program;
  SimConfig config;
  config.choice = &choice;
  auto main = [](void* arg) { static_cast<Program*>(arg)->main(); };
  SimOutcome outcome = simulate(config, main, &program);
  return {program.broken, std::move(outcome)};
}

}  // namespace throwsplit::inject
