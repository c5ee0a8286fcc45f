// console/desktop/verdict.h - how well the cluster is, said once: what the ring and its nodes tell, and the alerts that go on.
// Pure.
#pragma once

#include "console/cluster/alert_watch.h"

namespace quoit {

/// Says "All is well" only where no alert says otherwise.
/// @param health by the states of the nodes
/// @param active alerts that go on, the latest begun last; snoozed ones don't count
Health verdictOf(Health health, const std::vector<Alert>& active);

} // namespace quoit
