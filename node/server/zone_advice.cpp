#include "node/server/zone_advice.h"

#include "shared/ring/change_plan.h"

#include <algorithm>

namespace quoit {

std::string zoneAdvice(const ClusterMap& map)
{
    const std::vector<Member>& members = map.members();
    const std::size_t replicas = std::min<std::size_t>(map.parts().replicaCount, members.size());
    const std::size_t zones = zoneCount(members);
    const auto hasZone = [](const Member& member) { return !member.zone.empty(); };
    if (std::none_of(members.begin(), members.end(), hasZone) || zones >= replicas)
        return {};
    if (zones == 1)
        return "all nodes lie in zone " + members.front().zone +
               ", whose loss stops everything; nodes in other zones would change that: quoit-node --zone, or quoit plan zone";
    return "warning: " + std::to_string(zones) + " zones for " + std::to_string(replicas) +
           " replicas: several replicas of a key share a zone, and the loss of that zone may stop it; add nodes in "
           "another zone: quoit plan join ADDRESS";
}

std::string strengthAdvice(const ClusterMap& map)
{
    const std::size_t nodes = map.members().size();
    const std::size_t wanted = map.parts().replicaCount;
    if (nodes >= wanted)
        return {};
    const std::string have = nodes == 1   ? "there is only one, on the only node, whose loss is the loss of everything"
                             : nodes == 2 ? "there are only 2, on the only 2 nodes, and while either is away nothing can be read or written"
                                          : "there are only " + std::to_string(nodes) + ", as many as nodes";
    return "everything can be read and written, but of the " + std::to_string(wanted) + " replicas that are wanted " + have +
           "; add nodes: quoit plan join ADDRESS, or want fewer replicas: quoit plan replicas " + std::to_string(nodes);
}

} // namespace quoit
