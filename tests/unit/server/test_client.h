// A client of a node in the same process, and how that node becomes a cluster.
#pragma once

#include "node/server/address.h"
#include "node/server/node_service.h"
#include "shared/admin/node_report.h"
#include "shared/resp/reply_parser.h"
#include "shared/ring/cluster_map.h"

#include <QTcpSocket>
#include <QTemporaryDir>
#include <QtTest>
#include <initializer_list>
#include <memory>
#include <string>

namespace quoit::testing {

/// A client that waits for its replies while the node runs on the same loop.
class Client
{
public:
    explicit Client(const std::string& address)
    {
        socket.connectToHost(QStringLiteral("127.0.0.1"), addressFromText(address).value().port);
        socket.waitForConnected(5000);
    }
    void send(const std::string& bytes)
    {
        socket.write(bytes.data(), static_cast<qint64>(bytes.size()));
        socket.flush();
    }
    RespValue reply()
    {
        for (int i = 0; i < 5000; ++i) {
            if (std::optional<RespValue> value = parser.next())
                return *value;
            const QByteArray bytes = socket.readAll();
            parser.feed({bytes.constData(), static_cast<std::size_t>(bytes.size())});
            if (bytes.isEmpty())
                QTest::qWait(1);
        }
        return RespValue::error("no reply came");
    }
    RespValue run(std::initializer_list<std::string_view> arguments)
    {
        send(encodeRequest(arguments));
        return reply();
    }
    /// All that comes until the other side closes.
    QByteArray untilClosed()
    {
        QByteArray all;
        for (int i = 0; i < 5000 && socket.state() != QAbstractSocket::UnconnectedState; ++i) {
            QTest::qWait(1);
            all += socket.readAll();
        }
        return socket.state() == QAbstractSocket::UnconnectedState ? all + socket.readAll() : QByteArray("still open");
    }

    QTcpSocket socket;
    ReplyParser parser;
};

/// Makes a cluster of the waiting node at that address.
inline void formClusterOfOne(const std::string& address)
{
    Client client(address);
    const IdentityReport identity = identityReportFromResp(client.run({"QUOIT.IDENTITY"})).value();
    ClusterMapParts parts;
    parts.clusterId = "0b8e6f0c-6b5d-4f37-9f52-0d5a5f1c7a11";
    parts.partitionCount = 16;
    parts.replicaCount = 1;
    parts.members = {{1, identity.diskId, "tested", identity.clientAddress, identity.peerAddress, "", "", 1.0, {0, 8}}};
    const std::string bytes = ClusterMap::make(std::move(parts)).value()->encode();
    QCOMPARE(client.run({"QUOIT.ADOPT", bytes}).text, std::string("OK"));
}

/// A node that is a cluster by itself, with that data folder and ports of its own choice. @return nullptr if it doesn't start; says why
inline std::unique_ptr<NodeService> startAlone(const QTemporaryDir& dir, ServiceOptions options = {})
{
    options.dataDir = dir.path().toStdString();
    options.listen.port = 0;
    options.peerListen.port = 0;
    auto node = std::make_unique<NodeService>(options, [](int) {});
    if (const Result<void> started = node->start(); !started) {
        qWarning("%s", started.error().message.c_str());
        return nullptr;
    }
    formClusterOfOne(node->clientAddress());
    return node;
}

} // namespace quoit::testing
