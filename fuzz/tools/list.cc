// `list`: what there is to run, to choose from, to be judged by.
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "fuzz/explore/explore.h"
#include "fuzz/guest/guest.h"
#include "fuzz/oracle/oracle.h"
#include "fuzz/report/names.h"
#include "fuzz/run/liveness.h"
#include "fuzz/tools/common.h"

namespace throwsplit::fuzz {
namespace {

struct Item {
  std::string name;
  std::string sentence;
};
using Items = std::vector<Item>;

Items targets() {
  Items items;
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  for (std::filesystem::directory_iterator at(self.parent_path(), error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.ends_with("_fuzzer")) items.push_back({name, "in this build"});
  }
  return items;
}

Items strategies() {
  Items items;
  for (const StrategyRow& row : strategy_rows()) {
    if (is_built(row.strategy)) items.push_back({std::string(row.name), std::string(row.doc)});
  }
  return items;
}

Items oracles() {
  Items items;
  const Oracles all;
  for (const auto& oracle : all.all())
    items.push_back({oracle->name(), oracle->sentence()});
  items.push_back({Liveness::kOracle, Liveness::kSentence});
  items.push_back({kKeptRule, kKeptSentence});
  return items;
}

// Rows of fuzz/mutants/manifest: columns parted by '|', the name first, the sentence last.
Items mutants() {
  Items items;
  std::ifstream file(find_upwards("fuzz/mutants/manifest"));
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#' || line[0] == ' ') continue;
    const auto trimmed = [](std::string text) {
      text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
      text.resize(text.find_last_not_of(' ') + 1);
      return text;
    };
    const std::size_t first = line.find('|');
    if (first == std::string::npos) continue;
    items.push_back({trimmed(line.substr(0, first)), trimmed(line.substr(line.rfind('|') + 1))});
  }
  return items;
}

Items corpus() {
  Items items;
  const std::string folder = find_upwards("corpus");
  if (folder.empty()) return items;
  const auto loaded = load_files({folder});
  if (const auto* files = std::get_if<std::vector<File>>(&loaded)) {
    for (const File& file : *files) {
      const std::string& title = file.loaded.program.title;
      items.push_back({file.path, title.substr(0, title.find('\n'))});
    }
  }
  return items;
}

struct Section {
  const char* name;
  Items (*items)();
  const char* where;  // what to do when there is none
};
constexpr Section kSections[] = {
    {"targets", targets, "none beside this program; `cmake --build` makes them"},
    {"strategies", strategies, "none"},
    {"oracles", oracles, "none"},
    {"mutants", mutants, "no fuzz/mutants/manifest here or above: run this in a checkout"},
    {"corpus", corpus, "no corpus/ here or above: run this in a checkout"},
};

}  // namespace

int command_list(const Arguments& arguments) {
  CLI::App app("Lists targets, strategies, oracles, mutants, corpus; or only what is named.",
               "throwsplit list");
  std::vector<std::string> names;
  bool json = false;
  app.add_option("WHAT", names, "targets strategies oracles mutants corpus");
  app.add_flag("--json", json, "print JSON");
  if (const auto code = parse_arguments(app, arguments)) return *code;
  std::vector<std::string> known;
  for (const Section& section : kSections)
    known.emplace_back(section.name);
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return complain("list: unknown '" + name + "'" + inject::did_you_mean(name, known));
    }
  }
  nlohmann::json result = nlohmann::json::object();
  for (const Section& section : kSections) {
    const bool wanted =
        names.empty() || std::find(names.begin(), names.end(), section.name) != names.end();
    if (!wanted) continue;
    const Items items = section.items();
    nlohmann::json rows = nlohmann::json::array();
    if (!json) printf("%s\n", section.name);
    if (!json && items.empty()) printf("  (%s)\n", section.where);
    for (const Item& item : items) {
      rows.push_back({{"name", item.name}, {"sentence", item.sentence}});
      if (!json) printf("  %-24s  %s\n", item.name.c_str(), item.sentence.c_str());
    }
    result[section.name] = rows;
  }
  if (json) printf("%s\n", result.dump(2).c_str());
  return kExitPass;
}

}  // namespace throwsplit::fuzz
