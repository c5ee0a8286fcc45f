// console/cluster/cluster_formation.h - makes one cluster out of nodes that wait for one.
// Decides who gets which id and tokens (shared/ring) and hands every node the first map. No widgets, no processes.
#pragma once

#include "shared/admin/node_report.h"
#include "shared/client/resp_connection.h"

#include <QObject>
#include <QStringList>
#include <QTimer>

#include <memory>
#include <optional>
#include <vector>

namespace quoit {

/// The shape of a new cluster; fixed for its life, but for replicas.
struct FormationOptions
{
    std::uint32_t partitionCount = 1024; ///< a power of two, 16 … 16384
    std::uint32_t replicaCount = 3;      ///< 1 … 7
    std::uint32_t vnodesPerWeight = 16;
    Milliseconds timeout{20'000}; ///< until all have the ring, and then until all have found each other
};

/// The first map (epoch 1) of waiting nodes: ids 1 … n in their order.
/// @return InvalidArgument when two are the same disk, one is a member already, or the sizes don't fit together.
Result<ClusterMapPtr> makeFirstMap(const std::vector<IdentityReport>& nodes, const FormationOptions& options,
                                   const std::string& clusterId);

/// Whether all of these nodes, as they describe themselves, can be made one cluster: a folder with space, the same program. Asked before
/// anything is done, so that no node is left half way.
/// @param nodes waiting ones
Result<void> canFormCluster(const std::vector<IdentityReport>& nodes);

/// One attempt; make another one to try again. Asks every node for QUOIT.IDENTITY, sends QUOIT.ADOPT, and then asks for
/// QUOIT.STATUS until each says that it sees all of them: where a network lets clients in but not nodes, that is told
/// now. When an earlier attempt was cut short, those that wait are given the map that the others have already.
class ClusterFormation : public QObject
{
    Q_OBJECT

public:
    /// @param addresses [1 …] client addresses, "host:port", in the order of the ids to be
    ClusterFormation(const QStringList& addresses, FormationOptions options, QObject* parent = nullptr);
    ~ClusterFormation() override;

    /// Ends in formed() or failed(), once, never before this returns.
    void start();
    /// After formed(): all of the nodes were members before, and nothing was done.
    bool existedBefore() const { return m_existedBefore; }

Q_SIGNALS:
    /// A sentence for people: what is being done.
    void progressed(const QString& what);
    /// Every node has the map and a connection to every other one: the cluster can be read and written.
    void formed(const quoit::ClusterMapPtr& map);
    /// @param reason a sentence for people. Some nodes may have the map; trying again goes on from there.
    void failed(const QString& reason);

private:
    struct Node
    {
        QString address;
        std::unique_ptr<RespConnection> connection;
        std::optional<IdentityReport> identity;
        bool hasMap = false;
        bool seesAll = false;
        QString verdict; ///< its last, while it doesn't
    };

    void askIdentity(std::size_t index);
    void onIdentity(std::size_t index, const ClientReply& reply);
    void chooseMap();
    void takeMapFrom(std::size_t member);
    void handOut(const ClusterMapPtr& map);
    void onAdopted(std::size_t index, const ClientReply& reply);
    void waitForEachOther();
    void askStatus(std::size_t index);
    void onStatus(std::size_t index, const ClientReply& reply);
    void onTimeout();
    void end(const QString& failure);

    const FormationOptions m_options;
    std::vector<Node> m_nodes;
    ClusterMapPtr m_map;
    QTimer m_deadline;
    bool m_hasEnded = false;
    bool m_existedBefore = false;
};

} // namespace quoit
