// node/server/zone_advice.h - whether a key has as many replicas as are wanted, and whether they can lie in different zones. Pure.
#pragma once

#include "shared/ring/cluster_map.h"

#include <string>

namespace quoit {

/// A sentence that says what a lost zone would stop, and what to do; empty: nothing, or no node names a zone. With one
/// zone for all nodes it is a hint: they may have no other. With several, but fewer than replicas, somebody thinks to
/// be safer than they are: it begins with "warning".
std::string zoneAdvice(const ClusterMap& map);
/// A sentence that says that there are fewer nodes than replicas wanted, and what to do; empty: there aren't.
std::string strengthAdvice(const ClusterMap& map);

} // namespace quoit
