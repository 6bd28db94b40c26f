// The way from a file to a report: read, apply the rules, measure, explain.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/nosplit/nosplit.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/nosplit/facts.h"
#include "runtime/nosplit/findings.h"
#include "runtime/nosplit/graph.h"
#include "runtime/nosplit/image.h"

namespace throwsplit::nosplit {

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::over:        return "over";
    case Kind::split:       return "split";
    case Kind::indirect:    return "indirect";
    case Kind::dynamic:     return "dynamic";
    case Kind::recursion:   return "recursion";
    case Kind::unlisted:    return "unlisted";
    case Kind::unmeasured:  return "unmeasured";
    case Kind::other_stack: return "other-stack";
    case Kind::odd:         return "odd";
    case Kind::missing:     return "missing";
  }
  return "";
}

std::variant<Report, std::string> check(std::span<const uint8_t> elf, const Rules& rules) {
  auto read = read_image(elf);
  if (auto* error = std::get_if<std::string>(&read)) return std::move(*error);
  const Image& image = *std::get_if<Image>(&read);
  if (image.functions.empty()) return "it has no function symbols (stripped?)";
  Known known(image, rules);
  if (!known.error().empty()) return known.error();
  Graph graph(image, rules, known);
  std::string error = graph.build();
  if (!error.empty()) return error;
  if (graph.roots().empty() && graph.checked().empty()) {
    return "it has neither a root of " + rules.file + " nor a checked function: nothing to check";
  }
  Report report;
  explain(image, known, graph, report);
  return report;
}

namespace {

// A file in memory, for as long as it is read.
class Mapped {
 public:
  explicit Mapped(const std::string& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
      error_ = strerror(errno);
      return;
    }
    struct stat status;
    if (fstat(file, &status) != 0) {
      error_ = strerror(errno);
    } else if (!S_ISREG(status.st_mode)) {
      error_ = "not a regular file";
    } else if (status.st_size == 0) {
      error_ = "an empty file";
    } else {
      bytes_ = static_cast<size_t>(status.st_size);
      // Private and writable: libelf wants to be able to.
      memory_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
      if (memory_ == MAP_FAILED) error_ = strerror(errno);
    }
    close(file);
  }
  ~Mapped() {
    if (error_.empty()) munmap(memory_, bytes_);
  }
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;

  const std::string& error() const { return error_; }
  std::span<const uint8_t> bytes() const { return {static_cast<const uint8_t*>(memory_), bytes_}; }

 private:
  std::string error_;
  void* memory_ = MAP_FAILED;
  size_t bytes_ = 0;
};

}  // namespace

std::variant<Report, std::string> check_file(const std::string& path, const Rules& rules) {
  const Mapped mapped(path);
  if (!mapped.error().empty()) return path + ": " + mapped.error();
  auto checked = check(mapped.bytes(), rules);
  if (auto* error = std::get_if<std::string>(&checked)) return path + ": " + *error;
  return checked;
}

}  // namespace throwsplit::nosplit
