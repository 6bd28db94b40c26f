// `throwsplit`: the driver; finds the program that has the command asked for, and becomes it.
// SPDX-License-Identifier: Apache-2.0
//
//   throwsplit [--flavour sim|chaos] COMMAND [ARGUMENT]...
//   throwsplit mutants [--source DIR] [ARGUMENT]...
//
// The flavour is the one that has the command: chaos for `stress`, sim for all others. `mutants`
// needs sources and a compiler, not a flavour: ci/mutants of the sources that this program was
// built from does it. `nosplit` looks at binaries and runs no runtime: it is a program of its own.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr int kExitUsage = 2;

constexpr const char* kNoSuchFlavour = "the flavours are sim (simulated kernel) and chaos (Linux)";

int complain(const std::string& what) {
  fprintf(stderr, "throwsplit: %s\n", what.c_str());
  return kExitUsage;
}

// Does not come back if the program is there.
void become(const std::string& path, const std::vector<std::string>& arguments) {
  std::vector<char*> words = {const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  execv(path.c_str(), words.data());
}

int become_sibling(const fs::path& folder, const std::string& flavour,
                   const std::vector<std::string>& arguments) {
  const std::string name = "throwsplit-" + flavour;
  const std::string path = (folder / name).string();
  become(path, arguments);
  if (errno != ENOENT) return complain(path + ": " + strerror(errno));
  return complain(name + " is not beside this program; if the sources have it, build it: " +
                  "cmake --build " + folder.parent_path().string() + " --target " + name);
}

// The folder of the sources, as the build tree above this program remembers it; "" outside of one.
std::string sources_of_build(fs::path folder) {
  constexpr std::string_view kLine = "CMAKE_HOME_DIRECTORY:INTERNAL=";
  for (; folder.has_relative_path(); folder = folder.parent_path()) {
    std::ifstream cache(folder / "CMakeCache.txt");
    for (std::string line; std::getline(cache, line);) {
      if (line.starts_with(kLine)) return line.substr(kLine.size());
    }
  }
  return "";
}

// `arguments` without `--source DIR`; the DIR goes to `source`. False: no DIR follows.
bool take_source(std::vector<std::string>& arguments, std::string* source) {
  for (std::size_t i = 0; i < arguments.size();) {
    const auto at = arguments.begin() + static_cast<std::ptrdiff_t>(i);
    constexpr std::string_view kFlag = "--source";
    if (at->starts_with(std::string(kFlag) + "=")) {
      *source = at->substr(kFlag.size() + 1);
      arguments.erase(at);
    } else if (*at == kFlag) {
      if (i + 1 == arguments.size()) return false;
      *source = *(at + 1);
      arguments.erase(at, at + 2);
    } else {
      i++;
    }
  }
  return true;
}

int become_trial(const fs::path& folder, std::vector<std::string> arguments) {
  std::string source;
  if (!take_source(arguments, &source)) return complain("mutants: --source expects a folder");
  const bool is_given = !source.empty();
  if (!is_given) source = sources_of_build(folder);
  if (source.empty()) {
    return complain("mutants: no build tree above this program says where its sources are; " +
                    std::string("name them with --source DIR"));
  }
  const std::string script = (fs::path(source) / "ci" / "mutants").string();
  if (access(script.c_str(), X_OK) != 0) {
    return complain("mutants: " + script + ": " + strerror(errno) +
                    (is_given ? "" : "; name the sources with --source DIR"));
  }
  become(script, arguments);
  return complain("mutants: " + script + ": " + strerror(errno) + " (it needs python3)");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Go-style runtime, its simulator, and what they found. `throwsplit help` lists the "
      "commands.",
      "throwsplit");
  std::string flavour;
  app.add_option("--flavour", flavour, kNoSuchFlavour);
  app.prefix_command();
  app.set_help_flag();
  std::vector<std::string> words(argv + 1, argv + argc);
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    return complain(error.what());
  }
  std::error_code error;
  const auto self = fs::read_symlink("/proc/self/exe", error);
  if (error) return complain("/proc/self/exe: " + error.message());
  std::vector<std::string> rest = app.remaining();
  if (!rest.empty() && rest[0] == "--") rest.erase(rest.begin());
  if (!rest.empty() && rest[0] == "mutants") {
    if (!flavour.empty()) return complain("mutants: takes no --flavour");
    return become_trial(self.parent_path(), {rest.begin() + 1, rest.end()});
  }
  if (flavour.empty() && !rest.empty() && rest[0] == "nosplit") {
    return become_sibling(self.parent_path(), "nosplit", {rest.begin() + 1, rest.end()});
  }
  if (flavour.empty()) flavour = !rest.empty() && rest[0] == "stress" ? "chaos" : "sim";
  if (flavour != "sim" && flavour != "chaos") return complain(kNoSuchFlavour);
  return become_sibling(self.parent_path(), flavour, rest);
}
