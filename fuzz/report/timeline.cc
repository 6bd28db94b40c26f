// The layout of a timeline: which lines, which columns, and words broken to fit.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/report/timeline.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/report/phrase.h"

namespace throwsplit::fuzz {
namespace {

constexpr std::size_t kStepColumns = 7;
constexpr std::size_t kTimeColumns = 13;
constexpr std::size_t kCellMin = 22;
constexpr std::size_t kCellMax = 46;

std::string right(std::string text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}
std::string left(std::string_view text, std::size_t width) {
  std::string padded(text);
  if (padded.size() < width) padded.resize(width, ' ');
  return padded;
}

// Broken at blanks; continuations are indented.
std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  constexpr std::string_view kIndent = "  ";
  std::vector<std::string> lines;
  std::string line;
  bool is_bare = true;  // nothing but the indent yet
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (!is_bare && line.size() + 1 + word.size() > width) {
      lines.push_back(line);
      line = kIndent;
      is_bare = true;
    }
    if (!is_bare) line += ' ';
    line += word;
    is_bare = false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  lines.push_back(line);
  return lines;
}

struct Row {
  const StoryLine* line;
  std::size_t count;  // equal ones in a row
};

std::vector<Row> chosen_rows(const Story& story, const TimelineOptions& options,
                             std::size_t* passed_over) {
  std::vector<Row> rows;
  for (const StoryLine& line : story.lines) {
    if (!line.matters && !options.all_steps) continue;
    const bool same = !rows.empty() && rows.back().line->carrier == line.carrier &&
                      rows.back().line->text == line.text;
    if (same) {
      rows.back().count++;
    } else {
      rows.push_back({&line, 1});
    }
  }
  *passed_over = 0;
  if (!options.all_steps && rows.size() > options.lines_max) {
    *passed_over = rows.size() - options.lines_max;
    rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(*passed_over));
  }
  return rows;
}

// Where the columns of each carrier stand: only of those who do something.
class Columns {
 public:
  Columns(const Story& story, const std::vector<Row>& rows, std::size_t width) {
    place_.assign(story.agents.size(), SIZE_MAX);
    for (const Row& row : rows)
      place_[row.line->carrier] = 0;
    for (std::size_t i = 0; i < place_.size(); i++) {
      if (place_[i] == SIZE_MAX) continue;
      place_[i] = names_.size();
      names_.push_back(story.agents[i].name);
    }
    const std::size_t count = std::max<std::size_t>(names_.size(), 1);
    const std::size_t room = width - std::min(width, kStepColumns + kTimeColumns);
    cell_ = std::clamp(room / count, kCellMin + 2, kCellMax + 2) - 2;
  }

  std::string head() const {
    std::string text = right("step", kStepColumns) + right("time", kTimeColumns);
    for (const std::string& name : names_)
      text += "  " + left(name, cell_);
    return trimmed(text) + "\n";
  }

  std::string lines(const Row& row, int64_t begin_ns) const {
    std::string said = row.line->text;
    if (row.count > 1) said += " (" + std::to_string(row.count) + " times)";
    std::string text;
    for (const std::string& piece : wrapped(said, cell_)) {
      std::string line = text.empty()
                             ? right(std::to_string(row.line->step), kStepColumns) +
                                   right(time_phrase(row.line->now_ns - begin_ns), kTimeColumns)
                             : std::string(kStepColumns + kTimeColumns, ' ');
      for (std::size_t i = 0; i < names_.size(); i++) {
        line +=
            i == place_[row.line->carrier] ? "  " + left(piece, cell_) : "  " + left("|", cell_);
      }
      text += trimmed(line) + "\n";
    }
    return text;
  }

 private:
  static std::string trimmed(std::string text) {
    while (!text.empty() && text.back() == ' ')
      text.pop_back();
    return text;
  }

  std::vector<std::size_t> place_;  // by carrier
  std::vector<std::string> names_;
  std::size_t cell_ = 0;
};

}  // namespace

std::string timeline(const Story& story, const TimelineOptions& options) {
  std::size_t passed_over = 0;
  const std::vector<Row> rows = chosen_rows(story, options, &passed_over);
  if (rows.empty()) return "  (nothing was recorded)\n";
  const Columns columns(story, rows, options.width);
  std::string text = columns.head();
  if (passed_over != 0) {
    text += "    ... " + std::to_string(passed_over) + " earlier lines left out\n";
  }
  const int64_t begin_ns = story.lines.front().now_ns;
  for (const Row& row : rows)
    text += columns.lines(row, begin_ns);
  return text;
}

}  // namespace throwsplit::fuzz
