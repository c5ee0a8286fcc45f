// node/server/change_book.h - plans of ring changes that operators have asked this node for, until they are applied. Works out what a plan
// means; decides nothing about the protocol. Not thread-safe.
#pragma once

#include "node/core/core.h"
#include "node/server/cluster_view.h"
#include "shared/admin/change_report.h"
#include "shared/ring/change_plan.h"

#include <deque>
#include <functional>
#include <map>
#include <string_view>
#include <vector>

namespace quoit {

class ChangeBook
{
public:
    using Builder = std::function<Result<ClusterMapPtr>(const ClusterMap&)>;

    struct Wanted
    {
        std::vector<ChangeStep> steps;
        std::map<std::string, std::uint64_t> freeBytes; ///< by disk id: what newcomers have said
        bool isUnderStrength = false;                   ///< fewer members than replicas are all right
    };
    /// The steps that QUOIT.PLAN's arguments name, on members as they will be when the changes before it are done.
    /// @param words without the command's name
    /// @return InvalidArgument with a sentence that says how it is written
    static Result<Wanted> parse(const ClusterMap& map, const std::vector<std::string_view>& words);

    /// About the ring as it will be when the change in progress and those that wait are done; see futureOf().
    /// @param nodes as the cluster view reports them
    /// @return Refused if the steps can't be taken
    Result<PlanReport> plan(const ClusterMap& now, Wanted wanted, const std::vector<NodeReport>& nodes);
    /// About once a second: how fast nodes copy, which is what the next plan counts on.
    void measure(TimePoint now, const ClusterMap& map, const std::vector<NodeReport>& nodes);
    /// That plan can't be applied any more.
    void drop(std::uint64_t number);
    /// What makes the next map of a plan: it begins, or waits if a change is in progress.
    /// @return Refused if there is no such plan here, it was applied before, or the ring has changed since
    Result<Builder> apply(const ClusterMap& map, std::uint64_t number);

    static ClusterMapPtr withPause(const ClusterMap& map, bool paused);
    static ChangesReport changes(const ClusterMap& map, const std::vector<NodeReport>& nodes);

private:
    struct Plan
    {
        std::uint64_t number = 0;
        Epoch epoch = 0;
        std::vector<ChangeStep> steps;
        bool isApplied = false; ///< twice would be two changes
    };
    static constexpr std::size_t plansMax = 64;

    /// Since when who has copied: as long as the same change goes on.
    struct Measured
    {
        Epoch epoch = 0;
        TimePoint since;
        std::map<NodeId, std::uint64_t> copied;
    };

    std::deque<Plan> m_plans; ///< ascending by number
    std::uint64_t m_count = 0;
    Measured m_measured;
    std::uint64_t m_bytesPerSecond = 10 << 20; ///< until something was measured, a guess
};

} // namespace quoit
