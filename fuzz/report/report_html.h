// The report as one HTML page that needs nothing else: for people, on any screen.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "fuzz/report/report.h"

namespace throwsplit::fuzz {

// The lines that tell the story are shown, the others on demand; of those at most the newest
// kHtmlDetailMax are in the page, and the page says so.
inline constexpr std::size_t kHtmlDetailMax = 5000;

// Needs: an outcome recorded with RunOptions::record.
std::string report_html(const Outcome& outcome, const Program& program,
                        const ReportOptions& options);

// The page's style and script; see page.cc.
extern const char* const kPageStyle;
extern const char* const kPageScript;

}  // namespace throwsplit::fuzz
