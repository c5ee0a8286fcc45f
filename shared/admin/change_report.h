// shared/admin/change_report.h - what a node tells an operator about changes of the ring; to and from RESP. Pure.
// The commands that answer with these: QUOIT.PLAN, QUOIT.CHANGES. For their form see shared/admin/node_report.h.
#pragma once

#include "shared/base/ids.h"
#include "shared/base/result.h"
#include "shared/resp/value.h"

#include <cstdint>
#include <string>
#include <vector>

namespace quoit {

/// What a change means for one node.
struct PlanNodeReport
{
    NodeId id = noNode;
    std::string name;
    std::string part;                     ///< "stays", "joins", "leaves"
    std::uint64_t partitionsBefore = 0;   ///< that it replicates
    std::uint64_t partitionsAfter = 0;
    std::uint64_t partitionsToCopy = 0;
    std::uint64_t bytesToCopy = 0;        ///< about: keys and values
};

/// QUOIT.PLAN: nothing has happened yet.
struct PlanReport
{
    std::uint64_t number = 0;             ///< for QUOIT.APPLY, at the node that made the plan
    std::string text;                     ///< the steps in words
    Epoch epoch = 0;                      ///< of the map that it starts from; once that has passed, the plan is refused
    std::uint64_t partitionsMoved = 0;    ///< replicas of partitions that somebody copies
    double movedShare = 0;                ///< of all replicas of partitions
    std::uint64_t bytesMoved = 0;         ///< about
    std::uint64_t secondsEstimated = 0;   ///< at the rate that was measured last, or a careful guess
    double balanceBefore = 0;             ///< the busiest node over its fair share
    double balanceAfter = 0;
    std::vector<PlanNodeReport> nodes;    ///< ascending by id
    std::vector<std::string> risks;       ///< sentences
    std::string ringAfter;                ///< the map as it will be, encoded (ClusterMap::decode)
};

/// How far a node is with its part.
struct CopyReport
{
    NodeId node = noNode;
    std::uint64_t partitionsToCopy = 0;
    std::uint64_t partitionsCopied = 0;
    std::uint64_t bytesCopied = 0;
};

struct WaitingChangeReport
{
    std::uint64_t number = 0;
    std::string text;
};

/// A change that is over; every node lists the same ones.
struct EndedChangeReport
{
    std::uint64_t number = 0;
    std::string outcome;              ///< "done", "aborted", "impossible": it waited, and could not be made any more
    std::string text;
    Epoch epoch = 0;                  ///< of the map that ended it
    std::uint64_t endedMs = 0;        ///< Unix epoch; 0: not known
    std::uint64_t partitionsToCopy = 0;
};

/// QUOIT.CHANGES
struct ChangesReport
{
    std::string state;                      ///< "none", "copying", "paused", "aborting": who came in by it lets its clients go
    std::uint64_t number = 0;               ///< of the change in progress
    std::string text;
    Epoch epoch = 0;
    std::uint64_t partitionsToCopy = 0;     ///< by all nodes
    std::uint64_t partitionsCopied = 0;
    std::uint64_t bytesCopied = 0;
    std::uint64_t copyMegabytesPerSecond = 0; ///< allowed to each node that copies; 0: as fast as clients allow
    std::vector<CopyReport> nodes;          ///< those that copy, ascending
    std::vector<WaitingChangeReport> queue; ///< in their order
    std::vector<EndedChangeReport> ended;   ///< the last 16, oldest first
};

RespValue toResp(const PlanReport& report);
RespValue toResp(const ChangesReport& report);

/// Both: Corrupt with the name of the offending field when a value has the wrong type.
Result<PlanReport> planReportFromResp(const RespValue& value);
Result<ChangesReport> changesReportFromResp(const RespValue& value);

} // namespace quoit
