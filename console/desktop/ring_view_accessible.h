// console/desktop/ring_view_accessible.h - the ring for a screen reader: a list
// whose items are the nodes, each with its name, state, share and load. Inside
// the ring view only.
#pragma once

namespace quoit {

/// Makes Qt ask this room for the accessible side of ring views. May be called
/// again and again.
void installRingAccessibility();

} // namespace quoit
