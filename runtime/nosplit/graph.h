// The call graph of unchecked code, and how high each function's deepest chain stands.
// SPDX-License-Identifier: Apache-2.0
//
// Work starts from the roots and from every checked function, and goes into unchecked callees only:
// a checked one ends a chain, for it makes sure of its own room (and takes what its check takes
// when it trips). Heights come bottom-up, one visit a function; who is over budget is explained
// afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/nosplit/code.h"
#include "runtime/nosplit/facts.h"
#include "runtime/nosplit/image.h"
#include "runtime/nosplit/unwind.h"

namespace throwsplit::nosplit {

// Chains are of three kinds: those of nosplit code; those that end in a check, which may trip; and
// those that end in something that has the whole reserve (libc called by checked code, the last
// words of a sanitizer). Each kind has its own budget.
enum Rank : uint8_t { kNosplit = 0, kCheck = 1, kReserve = 2 };
inline constexpr int kRanks = 3;
inline constexpr int64_t kNoChain = INT64_MIN / 4;
inline constexpr int32_t kNobody = -1;

enum class EdgeKind : uint8_t {
  walk,     // into an unchecked function
  checked,  // a checked function: what its check takes
  fixed,    // a figure of the rules
};

struct Edge {
  uint64_t at = 0;
  EdgeKind kind = EdgeKind::walk;
  Rank rank = kNosplit;
  int64_t depth = 0;  // at the callee's entry, below this function's
  int64_t bytes = 0;  // of fixed
  int32_t node = kNobody;
  std::string_view name;  // of fixed and of checked
};

enum class Trouble : uint8_t {
  indirect,
  dynamic,
  unlisted,    // not in this file, and no figure for it
  unmeasured,  // the rules ask for a figure and have none
  other,       // goes on on another stack, and is no hop
  odd,         // see Odd
  recursion,
};

struct Problem {
  Trouble what;
  uint64_t at = 0;
  std::string name;  // of the callee
  Odd odd = {};
};

struct Height {
  int64_t bytes = kNoChain;
  int32_t edge = kNobody;  // the way to the deepest place; kNobody: the function itself
};

struct Node {
  uint64_t begin = 0;
  uint64_t end = 0;
  int32_t function = kNobody;  // its number in the image; kNobody: begins inside of one
  Code code;
  bool is_decoded = false;
  bool is_built = false;
  bool is_done = false;
  Facts facts;
  std::vector<Edge> edges;
  std::vector<Problem> problems;
  Height height[kRanks];
};

// A function that is entered on the system stack by a hop.
struct Landing {
  int32_t node = kNobody;
  uint64_t at = 0;
  int32_t from = kNobody;
};

class Graph {
 public:
  Graph(const Image& image, const Rules& rules, Known& known);

  // Builds and measures everything. "" or why it gave up.
  std::string build();

  const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }
  const std::vector<int32_t>& roots() const { return roots_; }
  const std::vector<int32_t>& checked() const { return checked_; }
  const std::vector<Landing>& landings() const { return landings_; }
  std::string name_of(int32_t node) const;
  int64_t check_bytes() const;  // what a tripped check takes below a checked function's entry
  int32_t morestack() const { return morestack_; }
  uint64_t instructions() const { return decoder_.instructions(); }

 private:
  int32_t node_at(uint64_t address);
  Node& decoded(int32_t node);
  void build_node(int32_t node);
  void add_edge(Node& node, const CallSite& site);
  void add_indirect(Node& node, const CallSite& site, int64_t depth);
  void add_known(Node& node, const CallSite& site, int64_t depth, const Target& target);
  void add_fixed(Node& node, const CallSite& site, int64_t depth, const Rule& rule, Rank rank,
                 std::string_view name);
  void add_foreign(Node& node, const CallSite& site, int64_t depth, std::string_view name);
  void add_internal(Node& node, const CallSite& site, int64_t depth, const Target& target);
  void add_landing(int32_t node, const CallSite& site);
  void add_problem(Node& node, Trouble what, uint64_t at, std::string name = "");
  void look_at_oddities(Node& node);
  int64_t depth_of(const Node& node, const CallSite& site) const;
  void measure(int32_t start);
  void settle(Node& node);
  void close_cycle(const std::vector<int32_t>& path, int32_t node);
  bool returns(const Target& target);
  const Facts& facts_of(const Target& target);
  std::vector<std::string_view> names_of(const Target& target) const;

  const Image& image_;
  Known& known_;
  Decoder decoder_;
  Decoder look_;  // while the other one is in the midst of a function
  Unwind unwind_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::unordered_map<uint64_t, int32_t> by_address_;
  std::unordered_map<uint64_t, bool> comes_back_;
  std::vector<int32_t> roots_;
  std::vector<int32_t> checked_;
  std::vector<Landing> landings_;
  int32_t morestack_ = kNobody;
  Facts none_;
};

}  // namespace throwsplit::nosplit
