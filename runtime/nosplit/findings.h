// From a measured graph to a report: the second pass, which explains.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/nosplit/facts.h"
#include "runtime/nosplit/graph.h"
#include "runtime/nosplit/nosplit.h"

namespace throwsplit::nosplit {

// Fills in findings, chains and counts.
void explain(const Image& image, const Known& known, const Graph& graph, Report& report);

}  // namespace throwsplit::nosplit
