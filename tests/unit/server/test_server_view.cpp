#include "node/server/cluster_view.h"
#include "node/server/zone_advice.h"

#include <QtTest>

using namespace quoit;

/// What operators read of a node's events: who did what, in words that are true.
class TestServerView : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void eventsSayWhoDidWhat_data();
    void eventsSayWhoDidWhat();
    void nameSaysTheNumberOnlyOnce();
    void tooFewZonesAreTold_data();
    void tooFewZonesAreTold();
    void tooFewNodesAreTold();

private:
    static ClusterMapPtr mapOf(const std::vector<std::string>& names);

    ClusterView m_view;
};

ClusterMapPtr TestServerView::mapOf(const std::vector<std::string>& names)
{
    ClusterMapParts parts;
    parts.epoch = 1;
    parts.clusterId = "5f8ab9f2-6c1f-4a35-bb4e-6d7f1c0b2a11";
    parts.partitionCount = 16;
    for (std::size_t i = 0; i < names.size(); ++i) {
        Member member;
        member.id = NodeId(i + 1);
        member.name = names[i];
        member.tokens = {PartitionIndex(i), PartitionIndex(8 + i)};
        parts.members.push_back(std::move(member));
    }
    return ClusterMap::make(std::move(parts)).value();
}

void TestServerView::init()
{
    m_view = ClusterView();
    Hello own;
    own.node = 2;
    own.name = "node-2";
    m_view.become(own, mapOf({"node-1", "node-2", "", "node-4"}), TimePoint{});
}

void TestServerView::eventsSayWhoDidWhat_data()
{
    QTest::addColumn<int>("kind");
    QTest::addColumn<int>("node");
    QTest::addColumn<QString>("text");
    const auto add = [](CoreEvent::Kind kind, int node, const char* text) {
        QTest::newRow(text) << int(kind) << node << QString::fromLatin1(text);
    };
    add(CoreEvent::Kind::PeerUp, 4, "node-4 is up");
    add(CoreEvent::Kind::PeerSuspect, 4, "node-4 is suspected of being down");
    add(CoreEvent::Kind::PeerDown, 3, "node 3 is down");
    add(CoreEvent::Kind::TookOver, 4, "node-2 took over 42 partitions from node-4"); // the core names whom it lost
    add(CoreEvent::Kind::HandedOver, 4, "node-2 handed over 42 partitions to node-4");
}

void TestServerView::eventsSayWhoDidWhat()
{
    QFETCH(int, kind);
    QFETCH(int, node);
    QFETCH(QString, text);
    m_view.addEvent(1000, CoreEvent{CoreEvent::Kind(kind), NodeId(node), 42});
    const WatchReport report = m_view.watch({}, nullptr);
    QCOMPARE(report.events.size(), 1u);
    QCOMPARE(QString::fromStdString(report.events[0].text), text);
}

void TestServerView::nameSaysTheNumberOnlyOnce()
{
    m_view.change(mapOf({"n1", "rack-12", "left3", "13"}));
    QCOMPARE(m_view.nameOf(1), std::string("n1"));
    QCOMPARE(m_view.nameOf(2), std::string("rack-12 (node 2)"));
    QCOMPARE(m_view.nameOf(3), std::string("left3"));
    QCOMPARE(m_view.nameOf(4), std::string("13 (node 4)"));
    QCOMPARE(m_view.nameOf(9), std::string("node 9"));
}

void TestServerView::tooFewZonesAreTold_data()
{
    QTest::addColumn<QStringList>("zones");
    QTest::addColumn<QString>("begins");
    const auto add = [](const char* name, const char* zones, const char* begins) {
        QTest::newRow(name) << QString::fromLatin1(zones).split(QLatin1Char(',')) << QString::fromLatin1(begins);
    };
    add("no zones", ",,", "");
    add("as many as replicas", "a,b,c,a", "");
    add("without a zone: one of its own", "a,b,,b", "");
    add("two nodes only", "a,b", "");
    add("two zones", "a,b,b,a", "warning: 2 zones for 3 replicas");
    add("one zone", "rack-1,rack-1,rack-1", "all nodes lie in zone rack-1");
}

void TestServerView::tooFewZonesAreTold()
{
    QFETCH(QStringList, zones);
    QFETCH(QString, begins);
    ClusterMapParts parts = mapOf(std::vector<std::string>(static_cast<std::size_t>(zones.size()), "n"))->parts();
    for (std::size_t i = 0; i < parts.members.size(); ++i)
        parts.members[i].zone = zones[static_cast<qsizetype>(i)].toStdString();
    const QString advice = QString::fromStdString(zoneAdvice(*ClusterMap::make(std::move(parts)).value()));
    QCOMPARE(advice.isEmpty(), begins.isEmpty());
    QVERIFY2(advice.startsWith(begins), qPrintable(advice));
}

void TestServerView::tooFewNodesAreTold()
{
    const auto advice = [](std::size_t nodes) { return strengthAdvice(*mapOf(std::vector<std::string>(nodes, "n"))); };
    QVERIFY(advice(1).starts_with("everything can be read and written, but of the 3 replicas that are wanted there is only one, on the only node"));
    QVERIFY(advice(2).find("while either is away nothing can be read or written; add nodes: quoit plan join ADDRESS") != std::string::npos);
    QVERIFY(advice(2).ends_with("quoit plan replicas 2"));
    QCOMPARE(advice(3), std::string());
    QCOMPARE(advice(4), std::string());
}

QTEST_GUILESS_MAIN(TestServerView)
#include "test_server_view.moc"
