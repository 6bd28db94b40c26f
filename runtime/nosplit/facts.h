// Rules applied to an image: what is said of each function, and the budgets in bytes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/nosplit/image.h"
#include "runtime/nosplit/rules.h"

namespace throwsplit::nosplit {

// What the rules say of one name; null: nothing.
struct Facts {
  const Rule* whose = nullptr;  // ours or theirs
  const Rule* root = nullptr;
  const Rule* hop = nullptr;
  const Rule* leaf = nullptr;
  const Rule* last = nullptr;
  const Rule* measured = nullptr;
  const Rule* frame = nullptr;
  const Rule* calls = nullptr;
  const Rule* noreturn = nullptr;

  bool is_ours() const {
    return root != nullptr || (whose != nullptr && whose->word == Word::ours);
  }
};

class Known {
 public:
  Known(const Image& image, const Rules& rules);

  // What is wrong with the rules for this file, in one line; "" if nothing is.
  const std::string& error() const { return error_; }

  const Facts& of_function(size_t index) const { return functions_[index]; }
  const Facts& of_name(std::string_view external);
  // Bytes of a rule; symbols are looked up.
  int64_t bytes(const Rule& rule) const;
  bool has_limit(Limit limit) const { return limits_[static_cast<int>(limit)] >= 0; }
  int64_t limit(Limit limit) const { return limits_[static_cast<int>(limit)]; }
  int64_t foreign() const { return foreign_; }  // -1: nothing is said
  // The rule for a call from one function to another, by all their names.
  const Rule* edge(const std::vector<std::string_view>& from,
                   const std::vector<std::string_view>& to) const;
  // Functions that a pattern means.
  std::vector<size_t> functions_named(std::string_view pattern) const;
  // Roots of the rules that no function of the file matches.
  const std::vector<const Rule*>& missing_roots() const { return missing_roots_; }

 private:
  void note(const Rule& rule, Facts& facts);
  void match_functions();
  void resolve_bytes();

  const Image& image_;
  const Rules& rules_;
  std::string error_;
  std::vector<Facts> functions_;
  std::unordered_map<std::string_view, Facts> externals_;
  std::unordered_map<const Rule*, int64_t> bytes_;
  int64_t limits_[kLimits] = {-1, -1, -1, -1, -1};
  int64_t foreign_ = -1;
  std::vector<const Rule*> missing_roots_;
  std::vector<const Rule*> edges_;
};

bool any_matches(std::string_view pattern, const std::vector<std::string_view>& names);

}  // namespace throwsplit::nosplit
