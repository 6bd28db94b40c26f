// Walks only what the first pass found wanting: whole chains, bytes a step.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/nosplit/findings.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>
#include <utility>

#include "runtime/nosplit/source_name.h"

namespace throwsplit::nosplit {
namespace {

constexpr size_t kFindingsMax = 200;

// Where chains begin, and what they may use.
struct Start {
  int32_t node = kNobody;
  Rank rank = kNosplit;
  int64_t before = 0;  // bytes used when the function is entered; a check's are negative
  int64_t bytes = 0;
  int64_t limit = 0;
  std::string limit_name;
  bool is_root = false;

  int64_t headroom() const { return limit - bytes; }
};

std::string place(uint64_t offset) {
  char text[24];
  snprintf(text, sizeof text, "+0x%llx", static_cast<unsigned long long>(offset));
  return text;
}

class Explainer {
 public:
  Explainer(const Image& image, const Known& known, const Graph& graph, Report& report)
      : image_(image), known_(known), graph_(graph), report_(report) {}

  void run() {
    report_missing();
    collect_starts();
    reach();
    report_splits();
    report_problems();
    report_over();
    report_deepest();
    count();
  }

 private:
  const Node& node(int32_t number) const { return *graph_.nodes()[number]; }

  // ---- Starts

  void add_start(int32_t number, int64_t before, bool is_root,
                 const std::array<Limit, kRanks>& limits, Limit more) {
    for (Rank rank : {kNosplit, kCheck, kReserve}) {
      const int64_t height = node(number).height[rank].bytes;
      if (height == kNoChain) continue;
      const Limit limit = limits[rank];
      const bool has_more = more != limit;
      starts_.push_back(
          {number, rank, before, before + height,
           known_.limit(limit) + (has_more ? known_.limit(more) : 0),
           (has_more ? limit_name(more) + std::string(" + ") : "") + limit_name(limit), is_root});
    }
  }

  void collect_starts() {
    for (int32_t root : graph_.roots()) {
      // What calls a root stands at worst `small` below the guard, and pushes a return address.
      const Limit own = node(root).facts.root->limit;
      for (Rank rank : {kNosplit, kCheck, kReserve}) {
        const int64_t height = node(root).height[rank].bytes;
        const Limit limit = rank == kReserve ? Limit::reserve : own;
        if (height == kNoChain) continue;
        starts_.push_back({root, rank, kCallBytes, kCallBytes + height, known_.limit(limit),
                           limit_name(limit), true});
      }
    }
    for (int32_t checked : graph_.checked()) {
      add_start(checked, -node(checked).code.checked_at, false,
                {Limit::nosplit, Limit::check, Limit::reserve}, Limit::small);
    }
    if (known_.has_limit(Limit::system)) {
      for (const Landing& landing : graph_.landings()) {
        if (node(landing.node).code.checked) continue;
        add_start(landing.node, kCallBytes, false, {Limit::system, Limit::system, Limit::system},
                  Limit::system);
      }
    }
    std::ranges::sort(starts_, [this](const Start& a, const Start& b) {
      if (a.headroom() != b.headroom()) return a.headroom() < b.headroom();
      if (a.node != b.node) return node(a.node).begin < node(b.node).begin;
      return std::pair(a.rank, a.is_root) < std::pair(b.rank, b.is_root);
    });
  }

  // ---- Chains

  Step step_of(int32_t number, const Edge* edge, int64_t bytes, int64_t total) const {
    Step step;
    step.function = graph_.name_of(number);
    if (edge != nullptr) step.offset = edge->at - std::min(edge->at, node(number).begin);
    step.bytes = bytes;
    step.total = total;
    return step;
  }

  // The deepest chain from a start.
  Chain deepest_chain(const Start& start) const {
    Chain chain;
    chain.bytes = start.bytes;
    chain.limit = start.limit;
    chain.limit_name = start.limit_name;
    int64_t total = start.before;
    int32_t number = start.node;
    if (start.is_root) chain.steps.push_back({"(the call)", 0, kCallBytes, total, ""});
    for (;;) {
      const Node& at = node(number);
      const int32_t way = at.height[start.rank].edge;
      const int64_t from = total;
      // Bytes above the point a check has made sure of are not used up.
      const int64_t mine = way == kNobody ? at.code.deepest : at.edges[way].depth;
      total += mine;
      chain.steps.push_back(step_of(number, way == kNobody ? nullptr : &at.edges[way],
                                    from < 0 ? total : mine, total));
      if (way == kNobody) return chain;
      const Edge& edge = at.edges[way];
      if (edge.kind == EdgeKind::walk) {
        number = edge.node;
        continue;
      }
      finish_chain(edge, total, chain);
      return chain;
    }
  }

  // The last step of a chain that does not end in code of its own.
  void finish_chain(const Edge& edge, int64_t total, Chain& chain) const {
    Step step;
    if (edge.kind == EdgeKind::fixed) {
      step = {pretty(edge.name), 0, edge.bytes, total + edge.bytes, "a figure of the rules"};
    } else {
      const int64_t bytes = graph_.check_bytes();
      step = {pretty(edge.name), 0, bytes, total + bytes,
              "checked; what its check takes if it trips"};
    }
    chain.steps.push_back(step);
  }

  static std::string pretty(std::string_view name) { return source_name(name); }

  // ---- Who reaches whom

  struct Reached {
    int32_t from = kNobody;
    int32_t edge = kNobody;
    bool from_root = false;
  };

  // Breadth first: roots, then checked functions, then what hops enter. So each is named with a
  // short chain, and with one from a root if there is any.
  void reach() {
    reached_.resize(graph_.nodes().size());
    seen_.assign(graph_.nodes().size(), false);
    spread(graph_.roots(), true);
    spread(graph_.checked(), false);
    std::vector<int32_t> landings;
    for (const Landing& landing : graph_.landings())
      landings.push_back(landing.node);
    spread(landings, false);
  }

  void spread(const std::vector<int32_t>& starts, bool from_root) {
    std::vector<int32_t> queue;
    const auto note = [&](int32_t number, Reached how) {
      if (seen_[number]) return;
      seen_[number] = true;
      reached_[number] = how;
      queue.push_back(number);
    };
    for (int32_t start : starts)
      note(start, {kNobody, kNobody, from_root});
    for (size_t i = 0; i < queue.size(); i++) {
      const Node& at = node(queue[i]);
      for (size_t e = 0; e < at.edges.size(); e++) {
        if (at.edges[e].kind != EdgeKind::walk) continue;
        note(at.edges[e].node, {queue[i], static_cast<int32_t>(e), from_root});
      }
    }
  }

  Chain chain_to(int32_t number) const {
    std::vector<std::pair<int32_t, int32_t>> way;  // node and the edge it is left by
    for (int32_t at = number, edge = kNobody; at != kNobody; at = reached_[at].from) {
      way.push_back({at, edge});
      edge = reached_[at].edge;
    }
    std::ranges::reverse(way);
    Chain chain;
    int64_t total = 0;
    for (const auto& [at, edge] : way) {
      const Edge* out = edge == kNobody ? nullptr : &node(at).edges[edge];
      const int64_t bytes = out == nullptr ? 0 : out->depth;
      total += bytes;
      chain.steps.push_back(step_of(at, out, bytes, total));
    }
    chain.bytes = total;
    return chain;
  }

  // ---- Findings

  void add(Finding finding) {
    if (report_.findings.size() < kFindingsMax) report_.findings.push_back(std::move(finding));
  }

  void report_missing() {
    for (const Rule* rule : known_.missing_roots()) {
      add({Kind::missing,
           "root " + rule->pattern + ": the file has no such function, so nothing is proved of it",
           {},
           0});
    }
  }

  void report_splits() {
    for (size_t i = 0; i < graph_.nodes().size(); i++) {
      if (!seen_[i]) continue;
      const auto number = static_cast<int32_t>(i);
      const bool is_start = node(number).facts.root != nullptr && node(number).code.checked;
      if (!reached_[i].from_root) continue;
      if (is_start) {
        add({Kind::split, graph_.name_of(number) + " is a root and checks its stack",
             chain_to(number), 0});
        continue;
      }
      std::set<std::string_view> told;
      for (const Edge& edge : node(number).edges) {
        if (edge.kind != EdgeKind::checked || !told.insert(edge.name).second) continue;
        Finding finding = {Kind::split,
                           graph_.name_of(number) + place(edge.at - node(number).begin) +
                               " calls " + pretty(edge.name) +
                               ", which checks its stack, where nothing may split",
                           chain_to(number), 0};
        Step& last = finding.chain.steps.back();
        last.offset = edge.at - node(number).begin;
        last.bytes = edge.depth;
        last.total += edge.depth;
        finish_chain(edge, last.total, finding.chain);
        finding.chain.bytes = finding.chain.steps.back().total;
        add(std::move(finding));
      }
    }
  }

  void report_problems() {
    for (size_t i = 0; i < graph_.nodes().size(); i++) {
      if (!seen_[i]) continue;
      const auto number = static_cast<int32_t>(i);
      for (const Problem& problem : node(number).problems)
        add(problem_finding(number, problem));
    }
  }

  Finding problem_finding(int32_t number, const Problem& problem) const {
    const std::string where =
        graph_.name_of(number) + place(problem.at - std::min(problem.at, node(number).begin));
    Finding finding = {Kind::odd, where, chain_to(number), 0};
    switch (problem.what) {
      case Trouble::indirect:
        finding.kind = Kind::indirect;
        finding.text += problem.name.empty()
                            ? ": an indirect call, and no `calls` says where to"
                            : ": `calls` names " + problem.name + ", which the file does not have";
        break;
      case Trouble::dynamic:
        finding.kind = Kind::dynamic;
        finding.text += ": a frame whose size the run decides, and no `frame` says how large";
        break;
      case Trouble::unlisted:
        finding.kind = Kind::unlisted;
        finding.text +=
            " calls " + pretty(problem.name) + ", which is not in this file and has no `leaf`";
        break;
      case Trouble::unmeasured:
        finding.kind = Kind::unmeasured;
        finding.text += " calls " + pretty(problem.name) +
                        ", which must be measured and has no `leaf` or `last`";
        break;
      case Trouble::other:
        finding.kind = Kind::other_stack;
        finding.text += ": a call on another stack, and no `hop` says that it goes there";
        break;
      case Trouble::recursion:
        finding.kind = Kind::recursion;
        finding.text = "recursion: " + problem.name + ", and no `edge` ends it";
        break;
      case Trouble::odd: finding.text += odd_text(problem.odd); break;
    }
    return finding;
  }

  static std::string odd_text(const Odd& odd) {
    switch (odd.what) {
      case Oddity::undecodable: return ": bytes that are no instruction";
      case Oddity::unbalanced:
        return ": returns with " + std::to_string(odd.depth) + " bytes left on the stack";
      case Oddity::loop:    return ": a loop that goes deeper each time around";
      case Oddity::outside: return ": leads to where no code is";
      case Oddity::unwind:
        return ": decoded depth " + std::to_string(odd.depth) + ", but the unwind data say " +
               std::to_string(odd.expected);
    }
    return "";
  }

  // Starts that come to the same end by the same last function are told once.
  void report_over() {
    std::map<std::pair<std::string, std::string>, size_t> told;
    for (const Start& start : starts_) {
      if (start.headroom() >= 0) break;
      Chain chain = deepest_chain(start);
      const Step& last = chain.steps.back();
      const Step& before = chain.steps[chain.steps.size() < 2 ? 0 : chain.steps.size() - 2];
      // Every check takes the same, and so does every foreign function: which one says nothing.
      const std::string by = last.note.empty() ? before.function + " " + last.function : last.note;
      const std::pair<std::string, std::string> end = {start.limit_name, by};
      const auto [found, is_new] = told.try_emplace(end, report_.findings.size());
      if (!is_new) {
        if (found->second < report_.findings.size()) report_.findings[found->second].others++;
        continue;
      }
      add({Kind::over,
           graph_.name_of(start.node) + " needs " + std::to_string(start.bytes) + " bytes, " +
               std::to_string(-start.headroom()) + " more than the " + std::to_string(start.limit) +
               " of " + start.limit_name,
           std::move(chain), 0});
    }
  }

  void report_deepest() {
    for (bool is_root : {true, false}) {
      size_t shown = 0;
      for (const Start& start : starts_) {
        if (start.is_root != is_root || shown == kChainsShown) continue;
        report_.deepest.push_back(deepest_chain(start));
        shown++;
      }
    }
  }

  void count() {
    report_.roots = graph_.roots().size();
    report_.checked = graph_.checked().size();
    report_.instructions = graph_.instructions();
    report_.code_bytes = image_.code_bytes();
    for (size_t i = 0; i < graph_.nodes().size(); i++) {
      const Node& at = node(static_cast<int32_t>(i));
      if (!at.is_done || at.code.checked) continue;
      report_.walked++;
      Measured measured;
      measured.function = graph_.name_of(static_cast<int32_t>(i));
      if (at.function != kNobody) measured.symbol = image_.functions[at.function].names[0];
      measured.bytes = at.height[kNosplit].bytes;
      if (at.height[kCheck].bytes != kNoChain) measured.check = at.height[kCheck].bytes;
      if (at.height[kReserve].bytes != kNoChain) measured.reserve = at.height[kReserve].bytes;
      report_.measured.push_back(std::move(measured));
    }
  }

  const Image& image_;
  const Known& known_;
  const Graph& graph_;
  Report& report_;
  std::vector<Start> starts_;
  std::vector<Reached> reached_;
  std::vector<bool> seen_;
};

}  // namespace

void explain(const Image& image, const Known& known, const Graph& graph, Report& report) {
  Explainer(image, known, graph, report).run();
}

}  // namespace throwsplit::nosplit
