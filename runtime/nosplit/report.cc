// A report as text for people and as JSON for programs.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include "runtime/nosplit/nosplit.h"

namespace throwsplit::nosplit {
namespace {

std::string number(int64_t value, int width = 0) {
  char text[32];
  snprintf(text, sizeof text, "%*lld", width, static_cast<long long>(value));
  return text;
}

std::string place(uint64_t offset) {
  char text[24];
  snprintf(text, sizeof text, "+0x%llx", static_cast<unsigned long long>(offset));
  return text;
}

// "  bytes   total  function+0x1f".
void print_chain(const Chain& chain, std::string& out) {
  for (const Step& step : chain.steps) {
    out += "    " + number(step.bytes, 6) + " " + number(step.total, 7) + "  " + step.function;
    if (step.offset != 0) out += place(step.offset);
    if (!step.note.empty()) out += "  (" + step.note + ")";
    out += "\n";
  }
}

void print_finding(const Finding& finding, std::string& out) {
  out += std::string(kind_name(finding.kind)) + ": " + finding.text + "\n";
  print_chain(finding.chain, out);
  if (finding.others != 0) out += "    and " + number(finding.others) + " more chains end so\n";
}

class Json {
 public:
  void open(char bracket) {
    comma();
    out_ += bracket;
    first_ = true;
  }
  void close(char bracket) {
    out_ += bracket;
    first_ = false;
  }
  void key(const char* name) {
    text(name);
    out_ += ':';
    first_ = true;
  }
  void text(const std::string& value) {
    comma();
    out_ += '"';
    for (char c : value) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        out_ += '\\';
        out_ += c;
      } else if (byte < 0x20 || byte >= 0x7f) {  // names of a damaged file may be anything
        char escaped[8];
        snprintf(escaped, sizeof escaped, "\\u%04x", byte);
        out_ += escaped;
      } else {
        out_ += c;
      }
    }
    out_ += '"';
  }
  void value(int64_t value) {
    comma();
    out_ += number(value);
  }
  std::string take() { return std::move(out_) + "\n"; }

 private:
  void comma() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  std::string out_;
  bool first_ = true;
};

void add_chain(const Chain& chain, Json& json) {
  json.open('{');
  json.key("bytes");
  json.value(chain.bytes);
  if (!chain.limit_name.empty()) {
    json.key("limit");
    json.value(chain.limit);
    json.key("limit_name");
    json.text(chain.limit_name);
    json.key("headroom");
    json.value(chain.headroom());
  }
  json.key("steps");
  json.open('[');
  for (const Step& step : chain.steps) {
    json.open('{');
    json.key("function");
    json.text(step.function);
    json.key("offset");
    json.value(static_cast<int64_t>(step.offset));
    json.key("bytes");
    json.value(step.bytes);
    json.key("total");
    json.value(step.total);
    if (!step.note.empty()) {
      json.key("note");
      json.text(step.note);
    }
    json.close('}');
  }
  json.close(']');
  json.close('}');
}

void add_findings(const Report& report, Json& json) {
  json.key("findings");
  json.open('[');
  for (const Finding& finding : report.findings) {
    json.open('{');
    json.key("kind");
    json.text(kind_name(finding.kind));
    json.key("text");
    json.text(finding.text);
    json.key("others");
    json.value(static_cast<int64_t>(finding.others));
    json.key("chain");
    add_chain(finding.chain, json);
    json.close('}');
  }
  json.close(']');
}

}  // namespace

std::string report_text(const Report& report, const std::string& file) {
  std::string out;
  for (const Finding& finding : report.findings)
    print_finding(finding, out);
  if (report.findings.empty()) {
    out += "the deepest chains: bytes of each step, and together\n";
    for (const Chain& chain : report.deepest) {
      out += "\n" + number(chain.bytes) + " of " + number(chain.limit) + " bytes of " +
             chain.limit_name + ", " + number(chain.headroom()) + " left\n";
      print_chain(chain, out);
    }
  }
  out += "\n" + file + ": " + number(static_cast<int64_t>(report.roots)) + " roots, " +
         number(static_cast<int64_t>(report.checked)) + " checked functions, " +
         number(static_cast<int64_t>(report.walked)) + " unchecked ones walked; ";
  if (report.findings.empty()) {
    int64_t least = report.deepest.empty() ? 0 : report.deepest[0].headroom();
    for (const Chain& chain : report.deepest)
      least = std::min(least, chain.headroom());
    out += "no finding, " + number(least) + " bytes of headroom\n";
  } else {
    out += number(static_cast<int64_t>(report.findings.size())) +
           (report.findings.size() == 1 ? " finding\n" : " findings\n");
  }
  return out;
}

std::string report_json(const Report& report, const std::string& file) {
  Json json;
  json.open('{');
  json.key("file");
  json.text(file);
  add_findings(report, json);
  json.key("deepest");
  json.open('[');
  for (const Chain& chain : report.deepest)
    add_chain(chain, json);
  json.close(']');
  json.key("measured");
  json.open('[');
  for (const Measured& measured : report.measured) {
    json.open('{');
    json.key("function");
    json.text(measured.function);
    json.key("symbol");
    json.text(measured.symbol);
    json.key("bytes");
    json.value(measured.bytes);
    json.key("check");
    json.value(measured.check);
    json.key("reserve");
    json.value(measured.reserve);
    json.close('}');
  }
  json.close(']');
  const std::pair<const char*, uint64_t> counts[] = {
      {"roots", report.roots},           {"checked", report.checked},
      {"walked", report.walked},         {"instructions", report.instructions},
      {"code_bytes", report.code_bytes},
  };
  for (const auto& [name, count] : counts) {
    json.key(name);
    json.value(static_cast<int64_t>(count));
  }
  json.close('}');
  return json.take();
}

}  // namespace throwsplit::nosplit
