// The names of injection points, for the text form of plans.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inject/fail_term.h"

namespace throwsplit::inject {

// Of the rows of points.def.
const PointNames& point_names();

}  // namespace throwsplit::inject
