// node/server/clocks.h - the one place of a node that reads clocks.
#pragma once

#include "shared/base/time.h"

namespace quoit {

/// Both clocks, now.
Now readClocks();

} // namespace quoit
