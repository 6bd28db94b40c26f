// Stress: programs on real threads and the real kernel, over and over, with a watchdog.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/tools/stress.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

#include "fuzz/guest/guest.h"
#include "fuzz/tools/tools.h"
#include "inject/chaos.h"
#include "runtime/sched/sched.h"

namespace throwsplit::fuzz {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kNsMaxReal = 1'000'000;
constexpr int64_t kReapEveryNs = 1'000'000;
// Short, so that sysmon takes Ps and asks for turns within programs that last so long.
constexpr int64_t kSliceNs = 100'000;
constexpr auto kWatchEvery = std::chrono::milliseconds(20);

// What the child tells: in memory that outlives it.
struct Board {
  uint64_t runs;
  uint64_t threads;
  uint64_t fired;
  uint64_t input;
  char finding[200];
};

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// The World of the child; the handler reads it.
World* observed;

void print_observed(int) {
  if (World* world = atomic_load<acquire>(&observed)) print_world(*world, FrameNames::hidden);
}

void on_quit_print() {
  struct sigaction action = {};
  action.sa_handler = print_observed;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  sigaction(SIGQUIT, &action, nullptr);
}

void find(Board& board, const char* text) {
  snprintf(board.finding, sizeof board.finding, "%s", text);
}

void run_once(const Input& input, Board& board) {
  Guest guest;
  guest.input = &input;
  guest.reap_every_ns = kReapEveryNs;
  Settings settings;
  settings.procs = input.config.procs;
  settings.rescues = input.config.rescues;
  settings.move_at_checks = (input.config.flags & kFlagMoveAtChecks) != 0;
  settings.preempt_at_checks = (input.config.flags & kFlagPreemptAtChecks) != 0;
  settings.slice_ns = kSliceNs;
  settings.tracing = true;
  world_run(settings, guest_root, &guest, &observed);
  if (guest.broken == nullptr) return;
  find(board, guest.broken);
  exit(kExitFinding);
}

// Until `over`. Why by ended runs: a World that livelocks takes steps too.
void watch(Board& board, double stall_seconds, const bool& over) {
  uint64_t seen = 0;
  Clock::time_point since = Clock::now();
  while (!guest_read(over)) {
    std::this_thread::sleep_for(kWatchEvery);
    const uint64_t runs = guest_read(board.runs);
    if (runs != seen) {
      seen = runs;
      since = Clock::now();
    }
    if (seconds_since(since) < stall_seconds) continue;
    find(board, "no run ended for too long: the World hangs");
    raise(SIGQUIT);
    _exit(kExitFinding);
  }
}

[[noreturn]] void be_child(const StressConfig& config, Board& board) {
  signal(SIGPIPE, SIG_IGN);
  on_quit_print();
  bool over = false;
  std::thread watchdog([&] { watch(board, config.stall_seconds, over); });
  const Clock::time_point begin = Clock::now();
  while (seconds_since(begin) < config.seconds) {
    if (config.runs_max != 0 && board.runs >= config.runs_max) break;
    board.input = board.runs % config.inputs.size();
    if (config.each_time) config.each_time();
    run_once(config.inputs[board.input], board);
    const inject::ChaosCounts counts = inject::chaos_counts();
    board.threads = counts.threads;
    board.fired = counts.fired;
    guest_write(board.runs, board.runs + 1);
  }
  guest_write(over, true);
  watchdog.join();
  exit(kExitPass);  // where LeakSanitizer has its say
}

std::string finding_of(int status, const Board& board) {
  if (board.finding[0] != 0) return board.finding;
  if (WIFSIGNALED(status)) return std::string("killed by ") + strsignal(WTERMSIG(status));
  if (WEXITSTATUS(status) == kExitPass) return "";
  return "ended by a sanitizer, exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Input for_real_time(Input input) {
  input.config.flags &= ~uint32_t{kFlagNoReaper};  // a deadlock ends the process
  for (Body& body : input.bodies) {
    for (Op& op : body.ops) {
      if (static_cast<OpCode>(op.code) == OpCode::kPause) {
        op.code = static_cast<uint8_t>(OpCode::kNanosleep);
        op.operand[1] = kNsMaxReal;
      }
      const OpRow* row = op_row(op.code);
      for (size_t i = 0; row != nullptr && i < kOperandsMax; i++) {
        if (row->kinds[i] != OperandKind::kNs) continue;
        op.operand[i] = std::min(op.operand[i], kNsMaxReal);
      }
    }
  }
  return input;
}

StressResult stress(const StressConfig& config) {
  StressResult result;
  void* memory =
      mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    result.refused = true;
    return result;
  }
  auto& board = *static_cast<Board*>(memory);
  fflush(nullptr);
  const Clock::time_point begin = Clock::now();
  const pid_t child = fork();
  if (child == 0) be_child(config, board);
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0)
    continue;
  result.runs = board.runs;
  result.threads = board.threads;
  result.fired = board.fired;
  result.input = board.input;
  result.seconds = seconds_since(begin);
  result.refused = child < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == kExitUsage);
  if (!result.refused) result.finding = finding_of(status, board);
  munmap(memory, sizeof(Board));
  return result;
}

}  // namespace throwsplit::fuzz
