// `throwsplit`: the driver; finds its sibling program for the flavour asked for, and becomes it.
// SPDX-License-Identifier: Apache-2.0
//
//   throwsplit [--flavour sim|chaos] COMMAND [ARGUMENT]...
//
// The flavour is the one that has the command: chaos for `stress`, sim for all others.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace {

constexpr int kExitUsage = 2;

constexpr const char* kNoSuchFlavour = "the flavours are sim (simulated kernel) and chaos (Linux)";

int complain(const std::string& what) {
  fprintf(stderr, "throwsplit: %s\n", what.c_str());
  return kExitUsage;
}

// Does not come back if the sibling exists.
int become(const std::filesystem::path& folder, const std::string& flavour,
           const std::vector<std::string>& arguments) {
  const std::string name = "throwsplit-" + flavour;
  const std::string path = (folder / name).string();
  std::vector<char*> words = {const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  execv(path.c_str(), words.data());
  if (errno != ENOENT) return complain(path + ": " + strerror(errno));
  return complain(name + " is not beside this program; if the sources have it, build it: " +
                  "cmake --build " + folder.parent_path().string() + " --target " + name);
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
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return complain("/proc/self/exe: " + error.message());
  std::vector<std::string> rest = app.remaining();
  if (!rest.empty() && rest[0] == "--") rest.erase(rest.begin());
  if (flavour.empty()) flavour = !rest.empty() && rest[0] == "stress" ? "chaos" : "sim";
  if (flavour != "sim" && flavour != "chaos") return complain(kNoSuchFlavour);
  return become(self.parent_path(), flavour, rest);
}
