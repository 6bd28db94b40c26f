// One run in a child process: what a sanitizer ends, or a signal, is an answer like any other.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/run/probe_forked.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "fuzz/explore/explore.h"
#include "fuzz/explore/recorder.h"
#include "fuzz/run/goroutine_counter.h"

namespace throwsplit::fuzz {
namespace {

// More than a run has steps.
constexpr size_t kBoardRowsMax = 65'536;
constexpr std::string_view kSummary = "SUMMARY: ";

// What the child tells: in memory that outlives it.
struct Board {
  bool is_over;
  uint32_t goroutines;
  uint32_t row_count;
  char signature[512];
  ScheduleRow rows[kBoardRowsMax];
};

Board& board() {
  static Board* const the = [] {
    void* memory =
        mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? nullptr : static_cast<Board*>(memory);
  }();
  if (the == nullptr) {
    fprintf(stderr, "throwsplit: no memory to share with a child\n");
    _exit(2);
  }
  return *the;
}

// Writes on the board as the run goes: it may end at any step.
class TellingRecorder : public Recorder {
 public:
  using Recorder::Recorder;

  uint32_t choose(const inject::Menu& menu) override {
    const uint32_t carrier = Recorder::choose(menu);
    Board& told = board();
    if (rows().size() > told.row_count && told.row_count < kBoardRowsMax) {
      told.rows[told.row_count] = rows().back();
      told.row_count++;
    }
    return carrier;
  }
};

class TellingCounter : public GoroutineCounter {
 public:
  explicit TellingCounter(inject::Watcher* also) : also_(also) {}

  bool on_event(const inject::Step& step, Event event, uint32_t a, uint64_t b) override {
    GoroutineCounter::on_event(step, event, a, b);
    board().goroutines = count();
    return also_ != nullptr && also_->on_event(step, event, a, b);
  }
  bool on_step(const inject::Step& step) override {
    return also_ != nullptr && also_->on_step(step);
  }

 private:
  inject::Watcher* also_;
};

[[noreturn]] void be_child(const Input& input, inject::Watcher* also, int printed) {
  dup2(printed, STDERR_FILENO);
  std::unique_ptr<inject::Choice> strategy = make_strategy(input.schedule);
  TellingRecorder recorder(strategy.get());
  TellingCounter counter(also);
  RunOptions options;
  options.also = &counter;
  const Outcome outcome = run(input, recorder, options);
  Board& told = board();
  if (outcome.verdict == Verdict::finding) {
    snprintf(told.signature, sizeof told.signature, "%s", outcome.finding.signature().c_str());
  }
  told.is_over = true;
  _exit(0);
}

std::string summary_in(int printed) {
  std::string text(static_cast<size_t>(std::max<off_t>(lseek(printed, 0, SEEK_END), 0)), '\0');
  if (pread(printed, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) return "";
  const size_t at = text.rfind(kSummary);
  if (at == std::string::npos) return "";
  const size_t begin = at + kSummary.size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace

Trial probe_forked(const Input& input) { return probe_forked(input, nullptr); }

Trial probe_forked(const Input& input, inject::Watcher* also) {
  Board& told = board();
  told.is_over = false;
  told.goroutines = told.row_count = 0;
  told.signature[0] = 0;
  const int printed = memfd_create("what a child prints", MFD_CLOEXEC);
  fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) be_child(input, also, printed);
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0)
    continue;
  Trial trial;
  trial.goroutines = told.goroutines;
  trial.switches.assign(told.rows, told.rows + told.row_count);
  if (child > 0 && told.is_over) {
    trial.signature = told.signature;
  } else if (child > 0) {
    trial.signature = summary_in(printed);
    if (trial.signature.empty()) {
      trial.signature = WIFSIGNALED(status)
                            ? std::string("killed by ") + strsignal(WTERMSIG(status))
                            : "the process ended without a word";
    }
  }
  close(printed);
  return trial;
}

}  // namespace throwsplit::fuzz
