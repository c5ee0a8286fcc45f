// tests/sim/profiles.h - special kinds of runs. Most of what may go wrong needs several things at once, which the faults of an ordinary run bring
// together too rarely. A profile makes them frequent, and everything else quiet.
#pragma once

#include "tests/sim/parameters.h"
#include "shared/base/random.h"

namespace quoit::sim {

/// Turns the parameters into those of one profile, drawn.
/// @param ofNewer  draws those that were added later: other seeds keep their meaning
void makeProfile(Parameters& parameters, Random& random, Random& ofNewer);

} // namespace quoit::sim
