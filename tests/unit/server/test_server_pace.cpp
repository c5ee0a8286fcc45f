// tests/unit/server/test_server_pace.cpp - how fast a node copies while clients work.
#include "node/server/copy_pace.h"

#include <QTest>

using namespace quoit;

namespace {

std::vector<NodeReport> clusterWith(std::uint64_t p99Us, std::uint64_t requests = 1000)
{
    std::vector<NodeReport> nodes(3);
    for (NodeId id = 1; id <= 3; ++id) {
        NodeReport& node = nodes[id - 1];
        node.id = id;
        node.state = NodeState::Up;
        node.figures.readsPerSecond = requests;
        node.figures.p99Us = 2000;
    }
    nodes[1].figures.p99Us = p99Us;
    return nodes;
}

} // namespace

class TestServerPace : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void copyingYieldsToClients()
    {
        CopyPace pace;
        for (int i = 0; i < 50; ++i)
            pace.update(clusterWith(3000), false);
        QCOMPARE(pace.bytesPerSecond(), CopyPace::first);
        for (int i = 0; i < 4; ++i)
            pace.update(clusterWith(9000), true); // one node's clients feel it
        QVERIFY(pace.bytesPerSecond() < CopyPace::first / 8);
        for (int i = 0; i < 20; ++i)
            pace.update(clusterWith(90'000), true);
        QCOMPARE(pace.bytesPerSecond(), CopyPace::slowest); // but it ends some day
    }
    void copyingIsFastWhileClientsFeelNothing()
    {
        CopyPace pace;
        for (int i = 0; i < 50; ++i)
            pace.update(clusterWith(3000), false);
        for (int i = 0; i < 100; ++i)
            pace.update(clusterWith(4500), true);
        QCOMPARE(pace.bytesPerSecond(), CopyPace::fastest);
        pace.update(clusterWith(3000), false);
        QCOMPARE(pace.bytesPerSecond(), CopyPace::first); // the next change begins carefully
    }
    void fewRequestsSayNothing()
    {
        CopyPace pace;
        pace.update(clusterWith(3000), false);
        for (int i = 0; i < 100; ++i)
            pace.update(clusterWith(500'000, 3), true);
        QCOMPARE(pace.bytesPerSecond(), CopyPace::fastest);
    }
};

QTEST_APPLESS_MAIN(TestServerPace)
#include "test_server_pace.moc"
