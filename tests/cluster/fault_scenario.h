// tests/cluster/fault_scenario.h - one kind of trouble, or all of them mixed: loads run while the nemesis torments the
// cluster; then everything is mended, and everything that clients were told is judged.
#pragma once

#include "tests/cluster/nemesis.h"
#include "tests/cluster/promise_load.h"
#include "tests/cluster/register_load.h"

#include <string>
#include <vector>

namespace quoit::test {

struct Scenario
{
    const char* name;
    bool needsFaultyDisks; ///< runs quoit-node-faulty, whose killed processes forget what wasn't synced
    std::vector<Fault> faults;
    int atOnceMax = 1;
    int leakPermille = 0;
};
/// Every fault by itself, then mixtures.
const std::vector<Scenario>& allScenarios();

struct ScenarioReport
{
    LoadCounters registers;
    std::uint64_t promises = 0;
    std::uint64_t acknowledged = 0;
    std::size_t keys = 0; ///< judged
    std::map<Fault, int> faults;
    QString problem; ///< empty: all is as it must be
    double seconds = 0;

    /// One line.
    QString toText() const;
};

struct ScenarioOptions
{
    std::uint64_t seed = 1;
    int milliseconds = 4000; ///< of faults
    int faultMsMax = 1500;   ///< of one fault
    std::string keyPrefix;   ///< one that the cluster doesn't have yet
    QString traceFolder;     ///< for the histories of keys with a problem; empty: nowhere
};

/// The cluster is well before, and after unless the report names a problem.
ScenarioReport runScenario(const Scenario& scenario, const ScenarioOptions& options, ProxiedCluster& cluster);

} // namespace quoit::test
