// What the commands share: arguments, files in, one-line errors out.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/tools/common.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/report/names.h"

namespace throwsplit::fuzz {
namespace {

namespace fs = std::filesystem;

// The flag that was meant, where one was given that does not exist.
std::string hint(const CLI::App& app, const std::vector<std::string>& extras) {
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames())
      known.push_back("--" + name);
  }
  for (const std::string& extra : extras) {
    const std::string flag = extra.substr(0, extra.find('='));
    if (!flag.starts_with("-")) continue;
    return inject::did_you_mean(flag, known);
  }
  return "";
}

std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace

int complain(const std::string& what) {
  fprintf(stderr, "throwsplit: %s\n", one_line(what).c_str());
  return kExitUsage;
}

std::optional<int> parse_arguments(CLI::App& app, const Arguments& arguments) {
  app.allow_extras();
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    fputs(app.help().c_str(), stdout);
    return kExitPass;
  } catch (const CLI::ParseError& error) {
    const std::vector<std::string> extras = app.remaining();
    for (const std::string& extra : extras) {
      if (extra.starts_with("-")) {
        return complain("unknown flag '" + extra + "'" + hint(app, extras));
      }
    }
    return complain(error.what());
  }
  const std::vector<std::string> extras = app.remaining();
  if (extras.empty()) return std::nullopt;
  const bool is_flag = extras[0].starts_with("-");
  return complain((is_flag ? "unknown flag '" : "unexpected argument '") + extras[0] + "'" +
                  hint(app, extras));
}

std::variant<std::vector<File>, std::string> load_files(const std::vector<std::string>& paths,
                                                        Reading reading) {
  std::vector<std::string> all;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      all.push_back(path);
      continue;
    }
    std::vector<std::string> within;
    for (fs::recursive_directory_iterator at(path, error), end; !error && at != end;
         at.increment(error)) {
      const bool is_wanted = reading == Reading::kStrict ? at->path().extension() == ".prog"
                                                         : at->is_regular_file(error);
      if (is_wanted) within.push_back(at->path().string());
    }
    if (error) return path + ": " + error.message();
    if (within.empty() && reading == Reading::kStrict) return path + ": no .prog file within";
    std::ranges::sort(within);
    all.insert(all.end(), within.begin(), within.end());
  }
  std::vector<File> files;
  for (const std::string& path : all) {
    auto loaded = load_file(path, site_names(), reading);
    if (auto* error = std::get_if<std::string>(&loaded)) return std::move(*error);
    files.push_back({path, std::move(*std::get_if<Loaded>(&loaded))});
  }
  return files;
}

std::variant<inject::Plan, std::string> plan_of_environment() {
  const char* text = getenv("THROWSPLIT_INJECT");
  if (text == nullptr) return inject::Plan{};
  auto parsed = inject::parse_plan(text, site_names().points);
  if (const auto* error = std::get_if<inject::TextError>(&parsed)) {
    return inject::describe(*error, "THROWSPLIT_INJECT");
  }
  return std::move(*std::get_if<inject::Plan>(&parsed));
}

std::string replay_program() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) return "throwsplit";
  const fs::path near = fs::proximate(self, error);
  const bool is_near = !error && !near.empty() && near.string().find("..") == std::string::npos;
  if (!is_near) return self.string();
  return near.has_parent_path() ? near.string() : "./" + near.string();
}

std::string find_upwards(const std::string& path) {
  std::error_code error;
  std::string up;
  for (int i = 0; i < 16; i++) {
    if (fs::exists(up + path, error)) return up + path;
    up += "../";
  }
  return "";
}

bool write_file(const std::string& path, const std::string& content) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return false;
  const bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size();
  return std::fclose(file) == 0 && written;
}

std::string hex_of(uint64_t number) {
  char text[24];
  snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

}  // namespace throwsplit::fuzz
