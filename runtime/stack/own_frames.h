// The runtime's own frames on mapped stacks: the stubs that mapped code calls, with their maps.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/stack/framemap.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

// Registers them; a World needs it once, before other code. Null, or why it was refused.
const char* register_own_frames(FrameMaps* maps);

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
