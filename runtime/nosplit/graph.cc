// Builds nodes on demand, then settles heights depth first, each function once.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/nosplit/graph.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "runtime/nosplit/source_name.h"

namespace throwsplit::nosplit {
namespace {

DecodeOptions options_of(const Rules& rules) {
  DecodeOptions options;
  if (const Rule* check = rules.first(Word::check)) {
    options.morestack = check->pattern;
    options.slot = check->slot;
  }
  return options;
}

std::string hex(uint64_t number) {
  char text[24];
  snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(number));
  return text;
}

}  // namespace

Graph::Graph(const Image& image, const Rules& rules, Known& known)
    : image_(image),
      known_(known),
      decoder_(image,
               [&] {
                 DecodeOptions options = options_of(rules);
                 options.returns = [this](const Target& target) { return returns(target); };
                 return options;
               }()),
      look_(image, options_of(rules)),
      unwind_(image.relocatable ? std::span<const uint8_t>() : image.bytes) {}

std::string Graph::name_of(int32_t number) const {
  const Node& node = *nodes_[number];
  if (node.function != kNobody) {
    return source_name(image_.functions[node.function].names[0]);
  }
  const Function* before = image_.function_before(node.begin);
  if (before == nullptr) return hex(node.begin);
  return source_name(before->names[0]) + "+" + hex(node.begin - before->address);
}

int32_t Graph::node_at(uint64_t address) {
  const auto found = by_address_.find(address);
  if (found != by_address_.end()) return found->second;
  const Section* section = image_.code_at(address);
  if (section == nullptr) return kNobody;
  auto node = std::make_unique<Node>();
  node->begin = address;
  node->end = section->end();
  const Function* function = image_.function_before(address);
  if (function != nullptr && function->address == address) {
    node->function = static_cast<int32_t>(function - image_.functions.data());
    node->end = function->end;
    node->facts = known_.of_function(node->function);
  } else if (function != nullptr && function->end > address) {
    node->end = function->end;
  } else if (function != nullptr &&
             function + 1 < image_.functions.data() + image_.functions.size()) {
    node->end = std::min(node->end, (function + 1)->address);
  }
  const auto number = static_cast<int32_t>(nodes_.size());
  nodes_.push_back(std::move(node));
  by_address_[address] = number;
  return number;
}

bool Graph::returns(const Target& target) {
  if (facts_of(target).noreturn != nullptr) return false;
  if (target.address == 0) return true;
  const Function* function = image_.function_at(target.address);
  if (function == nullptr) return true;
  const auto [found, is_new] = comes_back_.try_emplace(target.address, true);
  if (is_new) {
    found->second = look_.has_way_out(function->address, function->end);
  }
  return found->second;
}

const Facts& Graph::facts_of(const Target& target) {
  if (target.address == 0) return known_.of_name(target.external);
  const Function* function = image_.function_at(target.address);
  if (function == nullptr) return none_;
  return known_.of_function(static_cast<size_t>(function - image_.functions.data()));
}

std::vector<std::string_view> Graph::names_of(const Target& target) const {
  if (target.address == 0) return {target.external};
  const Function* function = image_.function_at(target.address);
  return function == nullptr ? std::vector<std::string_view>() : function->names;
}

void Graph::add_problem(Node& node, Trouble what, uint64_t at, std::string name) {
  node.problems.push_back({what, at, std::move(name)});
}

int64_t Graph::depth_of(const Node& node, const CallSite& site) const {
  if (site.ground != Ground::dynamic) return site.depth;
  return node.facts.frame != nullptr ? known_.bytes(*node.facts.frame) : site.depth;
}

void Graph::add_edge(Node& node, const CallSite& site) {
  const Facts& facts = facts_of(site.target);
  if (facts.hop != nullptr) add_landing(by_address_[node.begin], site);
  if (site.ground == Ground::other) {
    // A hop's second half; what it calls there is measured on its own.
    if (node.facts.hop == nullptr) add_problem(node, Trouble::other, site.at);
    return;
  }
  const int64_t depth = depth_of(node, site) + (site.way == Way::call ? kCallBytes : 0);
  if (site.target.is_known()) {
    add_known(node, site, depth, site.target);
  } else {
    add_indirect(node, site, depth);
  }
}

void Graph::add_indirect(Node& node, const CallSite& site, int64_t depth) {
  if (node.facts.hop != nullptr) return;
  if (node.facts.calls == nullptr) {
    if (node.code.checked) {
      add_foreign(node, site, depth, "an indirect call");
    } else {
      add_problem(node, Trouble::indirect, site.at);
    }
    return;
  }
  for (const std::string& pattern : node.facts.calls->targets) {
    if (pattern == "checked") {
      node.edges.push_back({site.at, EdgeKind::checked, kCheck, depth, 0, kNobody, "checked code"});
      continue;
    }
    const std::vector<size_t> functions = known_.functions_named(pattern);
    if (functions.empty()) add_problem(node, Trouble::indirect, site.at, pattern);
    for (size_t function : functions)
      add_known(node, site, depth, {image_.functions[function].address, {}});
  }
}

void Graph::add_fixed(Node& node, const CallSite& site, int64_t depth, const Rule& rule, Rank rank,
                      std::string_view name) {
  node.edges.push_back({site.at, EdgeKind::fixed, rank, depth, known_.bytes(rule), kNobody, name});
}

void Graph::add_foreign(Node& node, const CallSite& site, int64_t depth, std::string_view name) {
  if (known_.foreign() < 0) return;
  node.edges.push_back(
      {site.at, EdgeKind::fixed, kReserve, depth, known_.foreign(), kNobody, name});
}

void Graph::add_known(Node& node, const CallSite& site, int64_t depth, const Target& target) {
  const std::vector<std::string_view> names = names_of(target);
  const std::string_view name = names.empty() ? std::string_view("code without a name") : names[0];
  if (node.function != kNobody && !names.empty()) {
    if (const Rule* rule = known_.edge(image_.functions[node.function].names, names)) {
      add_fixed(node, site, depth, *rule, kNosplit, name);
      return;
    }
  }
  const Facts& facts = facts_of(target);
  // What usually returns and sometimes ends the program has both figures.
  if (facts.leaf != nullptr) add_fixed(node, site, depth, *facts.leaf, kNosplit, name);
  if (facts.last != nullptr) add_fixed(node, site, depth, *facts.last, kReserve, name);
  if (facts.leaf != nullptr || facts.last != nullptr) return;
  if (facts.measured != nullptr && !node.code.checked) {
    add_problem(node, Trouble::unmeasured, site.at, std::string(name));
  } else if (target.address != 0) {
    add_internal(node, site, depth, target);
  } else if (node.code.checked) {
    add_foreign(node, site, depth, name);
  } else {
    add_problem(node, Trouble::unlisted, site.at, std::string(name));
  }
}

void Graph::add_internal(Node& node, const CallSite& site, int64_t depth, const Target& target) {
  const int32_t callee = node_at(target.address);
  if (callee == kNobody) {
    add_problem(node, Trouble::odd, site.at);
    node.problems.back().odd = {Oddity::outside, site.at, 0, 0};
    return;
  }
  const Facts& facts = nodes_[callee]->facts;
  const std::vector<std::string_view> names = names_of(target);
  const std::string_view name = names.empty() ? std::string_view("code without a name") : names[0];
  if (callee != morestack_ && decoder_.may_be_checked(target.address) &&
      decoded(callee).code.checked) {
    node.edges.push_back({site.at, EdgeKind::checked, kCheck, depth, 0, callee, name});
  } else if (node.code.checked && !facts.is_ours()) {
    add_foreign(node, site, depth, name);
  } else {
    node.edges.push_back({site.at, EdgeKind::walk, kNosplit, depth, 0, callee, name});
  }
}

// The function that a hop is told to run, where code says so plainly.
void Graph::add_landing(int32_t node, const CallSite& site) {
  if (site.argument == 0 || image_.function_at(site.argument) == nullptr) return;
  const int32_t callee = node_at(site.argument);
  if (callee != kNobody) landings_.push_back({callee, site.at, node});
}

void Graph::look_at_oddities(Node& node) {
  for (const Odd& odd : node.code.odd) {
    add_problem(node, Trouble::odd, odd.at);
    node.problems.back().odd = odd;
  }
  for (const CallSite& site : node.code.sites) {
    if (site.ground != Ground::own || site.landed) continue;
    const auto depth = unwind_.depth_at(site.at);
    if (!depth || *depth == site.depth) continue;
    add_problem(node, Trouble::odd, site.at);
    node.problems.back().odd = {Oddity::unwind, site.at, site.depth, *depth};
  }
}

Node& Graph::decoded(int32_t number) {
  Node& node = *nodes_[number];
  if (node.is_decoded) return node;
  node.is_decoded = true;
  node.code = decoder_.decode(node.begin, node.end);
  if (node.code.dynamic_at == 0) return node;
  if (node.facts.frame == nullptr) {
    add_problem(node, Trouble::dynamic, node.code.dynamic_at);
  } else {
    node.code.deepest = std::max(node.code.deepest, known_.bytes(*node.facts.frame));
  }
  return node;
}

void Graph::build_node(int32_t number) {
  Node& node = decoded(number);
  if (node.is_built) return;
  node.is_built = true;
  look_at_oddities(node);
  for (const CallSite& site : node.code.sites)
    add_edge(node, site);
}

int64_t Graph::check_bytes() const {
  if (morestack_ == kNobody) return kCallBytes;
  return kCallBytes + std::max<int64_t>(0, nodes_[morestack_]->height[kNosplit].bytes);
}

// Callees first. Path: the functions between the start and the one at hand.
void Graph::measure(int32_t start) {
  struct Frame {
    int32_t node;
    size_t edge;
  };
  std::vector<Frame> stack = {{start, 0}};
  std::vector<int32_t> path = {start};
  std::unordered_map<int32_t, bool> on_path = {{start, true}};
  if (nodes_[start]->is_done) return;
  build_node(start);
  while (!stack.empty()) {
    Frame& top = stack.back();
    Node& node = *nodes_[top.node];
    if (top.edge == node.edges.size()) {
      settle(node);
      on_path.erase(top.node);
      path.pop_back();
      stack.pop_back();
      continue;
    }
    const Edge& edge = node.edges[top.edge++];
    if (edge.kind != EdgeKind::walk) continue;
    const int32_t callee = edge.node;
    if (on_path.contains(callee)) {
      close_cycle(path, callee);
    } else if (!nodes_[callee]->is_done) {
      build_node(callee);
      stack.push_back({callee, 0});
      path.push_back(callee);
      on_path[callee] = true;
    }
  }
}

void Graph::close_cycle(const std::vector<int32_t>& path, int32_t callee) {
  Node& last = *nodes_[path.back()];
  std::string around;
  for (size_t i = 0; i < path.size(); i++) {
    if (around.empty() && path[i] != callee) continue;
    around += name_of(path[i]) + " -> ";
  }
  add_problem(last, Trouble::recursion, last.begin, around + name_of(callee));
}

// A callee that is not done is above on the path: the cycle was told, and adds nothing.
void Graph::settle(Node& node) {
  node.height[kNosplit] = {node.code.deepest, kNobody};
  for (size_t i = 0; i < node.edges.size(); i++) {
    const Edge& edge = node.edges[i];
    int64_t below[kRanks] = {kNoChain, kNoChain, kNoChain};
    if (edge.kind == EdgeKind::walk) {
      const Node& callee = *nodes_[edge.node];
      for (int rank = 0; rank < kRanks; rank++)
        below[rank] = callee.is_done ? callee.height[rank].bytes : kNoChain;
    } else {
      below[edge.rank] = edge.kind == EdgeKind::fixed ? edge.bytes : check_bytes();
    }
    for (int rank = 0; rank < kRanks; rank++) {
      if (below[rank] == kNoChain) continue;
      const int64_t bytes = edge.depth + below[rank];
      if (bytes > node.height[rank].bytes) node.height[rank] = {bytes, static_cast<int32_t>(i)};
    }
  }
  node.is_done = true;
}

std::string Graph::build() {
  // What every check costs comes first.
  for (size_t i = 0; i < image_.functions.size(); i++) {
    const auto& names = image_.functions[i].names;
    const std::string_view morestack = decoder_.morestack();
    if (!morestack.empty() && std::ranges::find(names, morestack) != names.end()) {
      morestack_ = node_at(image_.functions[i].address);
    }
  }
  if (morestack_ != kNobody) measure(morestack_);
  for (size_t i = 0; i < image_.functions.size(); i++) {
    const Facts& facts = known_.of_function(i);
    if (facts.root == nullptr) continue;
    roots_.push_back(node_at(image_.functions[i].address));
    measure(roots_.back());
  }
  for (const Function& function : image_.functions) {
    if (!decoder_.may_be_checked(function.address)) continue;
    const int32_t number = node_at(function.address);
    if (!decoded(number).code.checked) continue;
    checked_.push_back(number);
    measure(number);
  }
  // Hops found on the way may lead to further ones.
  for (size_t i = 0; i < landings_.size(); i++)
    measure(landings_[i].node);
  if (decoder_.exhausted()) return "its code leads in circles; gave up";
  return "";
}

}  // namespace throwsplit::nosplit
