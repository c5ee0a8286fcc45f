// tests/cluster/test_cluster_deletes.cpp - deleted keys stay deleted: every way in which other stores are known to bring keys back, on real
// processes. In the end no replica holds anything of them, not even a tombstone.
#include "shared/admin/change_report.h"
#include "shared/admin/node_report.h"
#include "tests/cluster/cluster_fixture.h"
#include "tests/cluster/proxied_cluster.h"

#include <QDir>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

using namespace quoit;
using namespace quoit::test;

class TestClusterDeletes : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void replicaWasDownForTheWholeLifeOfTheKeys();
    void replicaMissedTheDeletes();
    void replicaMissedTheExpiry();
    void hintsComeLate();
    void messagesComeLate();
    void oldBackupOfAFolder();
    void replicaWasReplaced();
    void ringChangedMeanwhile();

private:
    static constexpr int victim = 3;
    static constexpr int other = 2;
    static constexpr int keyCount = 120;
    static constexpr int keptCount = 30;
    static constexpr int deleteMs = 20'000;
    static constexpr int forgottenMs = 40'000;

    TestNode& node(int id) { return m_cluster->node(id); }
    RespValue at(int id, const std::vector<std::string>& words) { return ask(node(id).clientAddress(), words, 15'000); }
    static std::string keyOf(int number) { return "deleted:" + std::to_string(number); }
    static std::string keptKeyOf(int number) { return "kept:" + std::to_string(number); }
    /// All through node 1. @return what went wrong
    QString setAll();
    QString deleteAll();
    /// Through every node that serves, those beside the cluster's own too. @return what is there though it was deleted, or gone though it wasn't
    QString wrong();
    /// @return what replicas still hold of the deleted keys
    QString remains();
    /// Nothing is back, now and when every replica has forgotten the keys.
    QString staysDeleted();
    /// Plans and applies through node 1, and waits until it is done.
    QString change(const std::vector<std::string>& steps);
    std::vector<std::string> startNew();

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<ProxiedCluster> m_cluster;
    std::unique_ptr<TestNode> m_new;
};

void TestClusterDeletes::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    ClusterSetup setup;
    setup.program = QLatin1String(QUOIT_NODE);
    setup.folder = m_folder->path();
    setup.nodeCount = 4;
    m_cluster = std::make_unique<ProxiedCluster>(setup);
    const QString problem = m_cluster->start();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
}

void TestClusterDeletes::cleanup()
{
    if (QTest::currentTestFailed())
        qWarning("%s", qPrintable(m_cluster->logs()));
    m_new.reset();
    m_cluster.reset();
}

QString TestClusterDeletes::setAll()
{
    std::vector<std::string> request{"MSET"};
    for (int i = 0; i < keptCount; ++i)
        request.insert(request.end(), {keptKeyOf(i), "always"});
    for (int i = 0; i < keyCount; ++i)
        request.insert(request.end(), {keyOf(i), "once"});
    const RespValue reply = at(1, request);
    return reply.isError() ? QString::fromStdString(reply.text) : QString();
}

QString TestClusterDeletes::deleteAll()
{
    std::vector<std::string> request{"DEL"};
    for (int i = 0; i < keyCount; ++i)
        request.push_back(keyOf(i));
    RespValue reply;
    // Again while the others don't yet know that a node is away.
    passUntil(deleteMs, [&] {
        reply = at(1, request);
        return !reply.isError();
    });
    return reply.isError() ? QString::fromStdString(reply.text) : QString();
}

QString TestClusterDeletes::wrong()
{
    QStringList addresses;
    for (int id = 1; id <= m_cluster->nodeCount(); ++id)
        if (node(id).isAlive() && !node(id).isPaused() && !node(id).clientAddress().isEmpty())
            addresses << node(id).clientAddress();
    if (m_new)
        addresses << m_new->clientAddress();
    std::vector<std::string> request{"MGET"};
    for (int i = 0; i < keyCount; ++i)
        request.push_back(keyOf(i));
    for (int i = 0; i < keptCount; ++i)
        request.push_back(keptKeyOf(i));
    for (const QString& address : addresses) {
        const RespValue values = ask(address, request, 15'000);
        if (values.elements.size() != keyCount + keptCount)
            return QStringLiteral("%1: %2").arg(address, QString::fromStdString(values.text));
        for (std::size_t i = 0; i < values.elements.size(); ++i) {
            const bool isKept = i >= keyCount;
            if (values.elements[i].isNull() == isKept || (isKept && values.elements[i].text != "always"))
                return QStringLiteral("%1 is '%2' at %3").arg(QString::fromStdString(request[i + 1]), QString::fromStdString(values.elements[i].text), address);
        }
    }
    return {};
}

QString TestClusterDeletes::remains()
{
    for (int i = 0; i < keyCount; ++i) {
        const auto located = locateReportFromResp(at(1, {"QUOIT.LOCATE", keyOf(i)}));
        if (!located)
            return QString::fromStdString(located.error().message);
        for (const ReplicaReport& replica : located.value().replicas)
            if (!replica.answered || replica.present || !replica.version.empty())
                return QStringLiteral("node %1 %2 %3").arg(replica.node).arg(replica.answered ? QStringLiteral("holds version '%1' of").arg(QString::fromStdString(replica.version)) : QStringLiteral("doesn't answer for"), QString::fromStdString(keyOf(i)));
    }
    return {};
}

QString TestClusterDeletes::staysDeleted()
{
    QString problem = wrong();
    if (!problem.isEmpty())
        return problem;
    QString left;
    const bool isForgotten = passUntil(forgottenMs, [&] {
        left = remains();
        problem = wrong();
        return left.isEmpty() || !problem.isEmpty();
    });
    if (!problem.isEmpty())
        return problem;
    return isForgotten ? wrong() : QStringLiteral("after %1 s %2").arg(forgottenMs / 1000).arg(left);
}

QString TestClusterDeletes::change(const std::vector<std::string>& steps)
{
    std::vector<std::string> words{"QUOIT.PLAN"};
    words.insert(words.end(), steps.begin(), steps.end());
    const auto plan = planReportFromResp(at(1, words));
    if (!plan)
        return QString::fromStdString(plan.error().message);
    const RespValue reply = at(1, {"QUOIT.APPLY", std::to_string(plan.value().number)});
    if (reply.isError())
        return QString::fromStdString(reply.text);
    const bool isDone = passUntil(30'000, [this] {
        const auto changes = changesReportFromResp(at(1, {"QUOIT.CHANGES"}));
        return changes && changes.value().state == "none";
    });
    return isDone ? QString() : QStringLiteral("the change isn't done in time");
}

std::vector<std::string> TestClusterDeletes::startNew()
{
    m_new = std::make_unique<TestNode>(QStringLiteral("new"), QStringLiteral(QUOIT_NODE), m_folder->filePath(QStringLiteral("new")));
    m_new->start();
    if (!m_new->waitUntilReady(10'000))
        return {};
    const auto read = identityReportFromResp(ask(m_new->clientAddress(), {"QUOIT.IDENTITY"}));
    if (!read)
        return {};
    const IdentityReport& i = read.value();
    return {i.diskId, i.name, i.clientAddress, i.peerAddress, i.httpAddress, i.zone, "1"};
}

void TestClusterDeletes::replicaWasDownForTheWholeLifeOfTheKeys()
{
    node(victim).kill();
    QCOMPARE(setAll(), QString());
    QCOMPARE(deleteAll(), QString());
    pass(1000);
    QVERIFY(m_cluster->startNode(victim));
    QCOMPARE(staysDeleted(), QString());
}

void TestClusterDeletes::replicaMissedTheDeletes()
{
    QCOMPARE(setAll(), QString());
    node(victim).kill();
    QCOMPARE(deleteAll(), QString());
    pass(1000);
    // The others must not forget the keys while one may still hold them.
    QVERIFY(!remains().isEmpty());
    QVERIFY(m_cluster->startNode(victim));
    QCOMPARE(staysDeleted(), QString());
}

void TestClusterDeletes::replicaMissedTheExpiry()
{
    QCOMPARE(setAll(), QString());
    for (int i = 0; i < keyCount; ++i)
        QCOMPARE(at(1, {"SET", keyOf(i), "later", "PX", "60000"}).asText(), std::string("OK"));
    node(victim).kill();
    // A shorter time, and then none at all, of which the victim knows nothing.
    for (int i = 0; i < keyCount; ++i)
        QCOMPARE(at(1, {"PEXPIRE", keyOf(i), "500"}).integerValue, std::int64_t(1));
    pass(1500);
    QVERIFY(m_cluster->startNode(victim));
    QCOMPARE(staysDeleted(), QString());
}

/// Those of a node that was away itself while the keys were deleted.
void TestClusterDeletes::hintsComeLate()
{
    node(victim).kill();
    QCOMPARE(setAll(), QString());
    node(other).kill();
    QVERIFY(m_cluster->startNode(victim));
    QCOMPARE(deleteAll(), QString());
    pass(1000);
    QCOMPARE(wrong(), QString());
    QVERIFY(m_cluster->startNode(other));
    QCOMPARE(staysDeleted(), QString());
}

/// Writes that a home sent are under way to one replica while the key is deleted by the home that followed.
void TestClusterDeletes::messagesComeLate()
{
    m_cluster->proxy().setWay(other, victim, {Milliseconds(0), true});
    QCOMPARE(setAll(), QString());
    node(other).pause();
    QCOMPARE(deleteAll(), QString());
    pass(1500);
    QVERIFY(m_cluster->proxy().counters().held > 0);
    m_cluster->proxy().free();
    QCOMPARE(wrong(), QString());
    node(other).resume();
    QCOMPARE(staysDeleted(), QString());
}

void TestClusterDeletes::oldBackupOfAFolder()
{
    QCOMPARE(setAll(), QString());
    const QString folder = node(victim).dataFolder();
    const QString backup = m_folder->filePath(QStringLiteral("backup"));
    QVERIFY(node(victim).stop(10'000) >= 0);
    QCOMPARE(QProcess::execute(QStringLiteral("cp"), {QStringLiteral("-a"), folder, backup}), 0);
    QVERIFY(m_cluster->startNode(victim));
    QCOMPARE(deleteAll(), QString());
    QCOMPARE(staysDeleted(), QString());
    node(victim).kill();
    QVERIFY(QDir().rename(folder, folder + QStringLiteral(".original")));
    QVERIFY(QDir().rename(backup, folder));
    // It holds all keys, and nobody knows their tombstones any more: it must not take part.
    m_cluster->startNode(victim);
    QVERIFY(node(victim).waitForEnd(20'000));
    QVERIFY2(node(victim).log().contains(QLatin1String("older")), qPrintable(node(victim).log().right(2000)));
    QCOMPARE(wrong(), QString());
    QVERIFY(QDir(folder).removeRecursively());
    QVERIFY(QDir().rename(folder + QStringLiteral(".original"), folder));
    QVERIFY(m_cluster->startNode(victim));
    QCOMPARE(staysDeleted(), QString());
}

void TestClusterDeletes::replicaWasReplaced()
{
    QCOMPARE(setAll(), QString());
    node(victim).kill();
    QCOMPARE(deleteAll(), QString());
    const std::vector<std::string> identity = startNew();
    QVERIFY(!identity.empty());
    std::vector<std::string> steps{"REPLACE", std::to_string(victim)};
    steps.insert(steps.end(), identity.begin(), identity.end());
    QCOMPARE(change(steps), QString());
    QCOMPARE(staysDeleted(), QString());
    // Whom it replaced comes after all, with all keys.
    m_cluster->startNode(victim);
    QVERIFY(node(victim).waitForEnd(20'000));
    QCOMPARE(staysDeleted(), QString());
}

/// A replica sees nothing of the deletes and nothing of the change in which others took over what it holds.
void TestClusterDeletes::ringChangedMeanwhile()
{
    QCOMPARE(setAll(), QString());
    node(victim).pause();
    QCOMPARE(deleteAll(), QString());
    std::vector<std::string> steps{"JOIN"};
    const std::vector<std::string> identity = startNew();
    QVERIFY(!identity.empty());
    steps.insert(steps.end(), identity.begin(), identity.end());
    QCOMPARE(change(steps), QString());
    QCOMPARE(wrong(), QString());
    node(victim).resume();
    QCOMPARE(staysDeleted(), QString());
}

QTEST_GUILESS_MAIN(TestClusterDeletes)
#include "test_cluster_deletes.moc"
