// The ring as QUOIT.RING tells it.
#include "shared/admin/node_report.h"
#include "shared/admin/report_codec.h"

namespace quoit {

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, Member>
static void visitFields(Visitor& visit, Report& member)
{
    visit("id", member.id);
    visit("name", member.name);
    visit("client-address", member.clientAddress);
    visit("peer-address", member.peerAddress);
    visit("http-address", member.httpAddress);
    visit("zone", member.zone);
    visit("weight", member.weight);
    visit("disk", member.diskId);
    visit("tokens", member.tokens);
}

static RespValue fieldToResp(const std::vector<Member>& members)
{
    return admin::writeReports(members);
}

static bool fieldFromResp(const RespValue& value, std::vector<Member>& members)
{
    return admin::readReports(value, members);
}

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, ClusterMapParts>
static void visitFields(Visitor& visit, Report& parts)
{
    visit("cluster", parts.clusterId);
    visit("epoch", parts.epoch);
    visit("partitions", parts.partitionCount);
    visit("replicas", parts.replicaCount);
    visit("vnodes", parts.vnodesPerWeight);
    visit("members", parts.members);
}

/// During a change the fields above tell of the ring before it; the whole map then comes encoded as well.
struct CodedMap : ClusterMapParts
{
    std::string encoded;
};

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, CodedMap>
static void visitFields(Visitor& visit, Report& map)
{
    using Parts = std::conditional_t<std::is_const_v<Report>, const ClusterMapParts, ClusterMapParts>;
    visitFields(visit, static_cast<Parts&>(map));
    visit("revision", map.revision);
    visit("encoded", map.encoded);
}

RespValue toResp(const ClusterMap& map)
{
    return admin::writeReport(CodedMap{map.parts(), map.isChanging() ? map.encode() : std::string()});
}

Result<ClusterMapPtr> clusterMapFromResp(const RespValue& value)
{
    Result<CodedMap> coded = admin::readReport<CodedMap>(value, "ring");
    if (!coded)
        return coded.error();
    Result<ClusterMapPtr> map = coded.value().encoded.empty() ? ClusterMap::make(static_cast<ClusterMapParts&>(coded.value()))
                                                             : ClusterMap::decode(coded.value().encoded);
    if (!map)
        return Error{ErrorCode::Corrupt, "a node's report can't be read: field 'members': " + map.error().message};
    return map;
}

} // namespace quoit
