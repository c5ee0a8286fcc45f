// tests/sim/bug_names.h - planted bugs by name, as the simulator and the documents call them.
#pragma once

#include "node/core/planted_bug.h"

#include <iterator>

namespace quoit::sim {

/// [PlantedBug]
inline constexpr const char* bugNames[] = {
    "none",
    "write-below-promise",
    "read-without-agreement",
    "memory-of-one-version",
    "set-without-find",
    "nothing-carried-over",
    "answer-without-confirming",
    "answer-from-unchosen",
    "run-under-any-ballot",
    "request-delivered-twice",
    "late-first-attempt-runs",
    "retry-runs-again",
    "read-again-after-recall",
    "remembered-means-done",
    "silence-means-never",
    "dead-versions-mean-never",
    "unchanged-leaves-no-trace",
    "earlier-unchanged-counts",
    "copy-of-unchosen",
    "promise-not-synced",
    "record-not-synced",
    "older-record-not-synced",
    "fsync-error-ignored",
    "ballot-used-again",
    "operation-id-used-again",
    "checksum-ignored",
    "reader-judges-expiry",
    "shared-round-joined-late",
    "confirming-round-joined-late",
    "majority-minus-one",
    "applied-not-settled",
    "hint-of-unchosen",
    "old-disk-accepted",
    "old-set-alone",
    "copy-from-old-epoch",
    "copy-below-floor-refused",
    "smaller-set-not-settled",
    "done-before-copied",
    "map-adopted-before-chosen",
    "missed-map-stays-missed",
    "floor-without-all",
    "floor-without-promise",
    "tombstone-dropped-by-age",
    "unchosen-learnt-by-repair",
    "tree-ignores-version",
    "floor-during-change",
    "leftovers-kept",
    "node-id-reused",
    "evicted-by-replicas",
    "direct-beside-log",
    "leaves-with-the-map",
    "leaves-with-clients",
    "alone-though-sent",
    "named-before-promised",
    "ancestors-have-all",
};
static_assert(std::size(bugNames) == static_cast<std::size_t>(PlantedBug::Count));

inline const char* nameOf(PlantedBug bug)
{
    return bugNames[static_cast<std::size_t>(bug)];
}

} // namespace quoit::sim
