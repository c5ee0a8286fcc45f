// tests/console/fake_cluster.h - a cluster in one thread that answers as quoit-node does, for tests of the console
// alone. It keeps keys in one map, makes up figures, and does as it is told: stop a node, refuse a write, change a key.
#pragma once

#include "shared/admin/hot_keys_report.h"
#include "shared/admin/node_report.h"
#include "shared/resp/request_parser.h"

#include <QByteArray>
#include <QMap>
#include <QObject>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTimer>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace quoit::test {

class FakeCluster : public QObject
{
    Q_OBJECT

public:
    /// Listens on free ports. @param pushMs between two reports
    /// @param isFormed false: nodes wait for QUOIT.ADOPT
    explicit FakeCluster(int nodeCount, int pushMs = 1000, bool isFormed = true, QObject* parent = nullptr);
    ~FakeCluster() override;

    QStringList addresses() const;
    ClusterMapPtr map() const { return m_map; }
    /// @param ttlMs 0: for ever
    void put(const QByteArray& key, const QByteArray& value, qint64 ttlMs = 0);
    /// What remains of a key's life; 0: it doesn't expire, or isn't there.
    qint64 ttlMs(const QByteArray& key) const;
    QByteArray value(const QByteArray& key) const { return m_keys.value(key).value; }
    bool contains(const QByteArray& key) const { return m_keys.contains(key); }
    /// Closes its connections and doesn't listen any more.
    void stopNode(NodeId id);
    void startNode(NodeId id);
    /// Shown as suspect, with some phi.
    void suspectNode(NodeId id);
    /// It waits for QUOIT.ADOPT, as if an attempt to form the cluster hadn't reached it.
    void forgetMap(NodeId id);
    /// No more reports, from any node.
    void setSilent(bool isSilent) { m_isSilent = isSilent; }
    void pushNow();
    /// A new epoch with one member more (its node has no process).
    void addMember();
    /// What QUOIT.HOTKEYS answers; nothing: the command is unknown, as to older nodes.
    void setHotKeys(std::optional<HotKeysReport> report) { m_hotKeys = std::move(report); }
    /// Changes what a node tells, from the next report on. @param change nothing: as before
    void setReport(NodeId id, std::function<void(NodeReport&)> change) { m_changes[id] = std::move(change); }
    /// The same of what it says to QUOIT.IDENTITY.
    void setIdentity(NodeId id, std::function<void(IdentityReport&)> change) { m_identityChanges[id] = std::move(change); }
    /// The same of what it says to QUOIT.STATUS, which is that all are up.
    void setStatus(NodeId id, std::function<void(StatusReport&)> change) { m_statusChanges[id] = std::move(change); }

private:
    struct Record
    {
        QByteArray value;
        quint64 version = 0;
        qint64 expiryMs = 0;
    };
    struct Session
    {
        QTcpSocket* socket = nullptr;
        RequestParser parser;
        int protocol = 2;
        bool isWatching = false;
    };
    struct Node
    {
        NodeId id = noNode;
        quint16 port = 0;
        std::unique_ptr<QTcpServer> server;
        std::vector<std::unique_ptr<Session>> sessions;
        NodeState state = NodeState::Up;
        qint64 sinceMs = 0;
        bool hasMap = false;
    };

    void listen(Node& node);
    void makeMap(int memberCount);
    void serve(Node& node, Session& session);
    RespValue answer(Node& node, Session& session, const std::vector<std::string_view>& arguments);
    RespValue answerAdmin(Node& node, Session& session, const std::string& name,
                          const std::vector<std::string_view>& arguments);
    RespValue answerKey(const std::string& name, const std::vector<std::string_view>& arguments);
    RespValue scan(const std::vector<std::string_view>& arguments) const;
    RespValue compareAndSet(const std::vector<std::string_view>& arguments);
    RespValue locate(const QByteArray& key) const;
    NodeReport reportOf(const Node& node) const;
    WatchReport watchReport(NodeId reporter);
    Node& node(NodeId id) { return m_nodes[id - 1]; }

    std::vector<Node> m_nodes;
    ClusterMapPtr m_map;
    QMap<QByteArray, Record> m_keys;
    quint64 m_version = 0;
    std::optional<HotKeysReport> m_hotKeys;
    std::map<NodeId, std::function<void(NodeReport&)>> m_changes;
    std::map<NodeId, std::function<void(IdentityReport&)>> m_identityChanges; ///< to reports
    std::map<NodeId, std::function<void(StatusReport&)>> m_statusChanges;
    std::vector<ClusterEvent> m_events;
    QTimer m_timer;
    int m_pushCount = 0;
    bool m_isSilent = false;
};

} // namespace quoit::test
