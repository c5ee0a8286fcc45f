// tests/cluster/test_cluster_disk_full.cpp - real file systems that run full: a small tmpfs for each node. Needs root
// and mount namespaces; skipped without.
#include "tests/cluster/cluster_fixture.h"
#include "tests/cluster/promise_load.h"
#include "tests/cluster/proxied_cluster.h"
#include "tests/cluster/register_load.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

using namespace quoit;
using namespace quoit::test;

namespace {

/// Mounts that are made from now on are this process' and its children's only, and go with them.
bool hideMounts()
{
    return ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

bool areMountsHidden = false;

} // namespace

class TestClusterDiskFull : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void cleanup();
    void cleanupTestCase();
    void oneFullDiskLosesNothing();
    void fullDisksOfAMajorityRefuseWritesAndServeReads();
    void deletesMakeSpace();
    void nodeOnAFullDiskSaysWhyItDoesNotStart();

private:
    static constexpr std::int64_t reserveBytes = 32 * 1024 * 1024; ///< with less free space only what frees some is taken

    QString ballast(int id) { return m_cluster->node(id).dataFolder() + QStringLiteral("/ballast"); }
    /// Leaves so much free space.
    void fill(int id, std::int64_t freeBytes);
    qsizetype timesLogged(int id, const char* text) { return m_cluster->node(id).log().count(QLatin1String(text)); }
    RespValue askNode(int id, const std::vector<std::string>& request)
    {
        return ask(m_cluster->node(id).clientAddress(), request);
    }

    /// Within ten seconds.
    static bool happens(const std::function<bool()>& condition)
    {
        for (int i = 0; i < 100 && !condition(); ++i)
            pass(100);
        return condition();
    }

    QTemporaryDir m_folder;
    std::unique_ptr<ProxiedCluster> m_cluster;
};

void TestClusterDiskFull::initTestCase()
{
    if (!areMountsHidden)
        QSKIP("file systems of a test's own need root and mount namespaces");
    ClusterSetup setup;
    setup.program = QLatin1String(QUOIT_NODE);
    setup.folder = m_folder.path();
    m_cluster = std::make_unique<ProxiedCluster>(setup);
    for (int id = 1; id <= m_cluster->nodeCount(); ++id) {
        const QByteArray place = m_cluster->node(id).dataFolder().toUtf8();
        QVERIFY(QDir().mkpath(m_cluster->node(id).dataFolder()));
        if (::mount("none", place.constData(), "tmpfs", 0, "size=200m") != 0)
            QSKIP("a tmpfs can't be mounted here");
    }
    const QString problem = m_cluster->start();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
}

void TestClusterDiskFull::cleanup()
{
    if (!m_cluster)
        return;
    for (int id = 1; id <= m_cluster->nodeCount(); ++id)
        QFile::remove(ballast(id));
    const QString problem = m_cluster->heal(20'000);
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
}

void TestClusterDiskFull::cleanupTestCase()
{
    if (!m_cluster)
        return;
    std::vector<QByteArray> places;
    for (int id = 1; id <= m_cluster->nodeCount(); ++id)
        places.push_back(m_cluster->node(id).dataFolder().toUtf8());
    m_cluster.reset();
    for (const QByteArray& place : places)
        ::umount2(place.constData(), MNT_DETACH);
}

void TestClusterDiskFull::fill(int id, std::int64_t freeBytes)
{
    struct statvfs status
    {};
    QCOMPARE(::statvfs(qPrintable(m_cluster->node(id).dataFolder()), &status), 0);
    const std::int64_t there = static_cast<std::int64_t>(status.f_bavail) * static_cast<std::int64_t>(status.f_frsize);
    QFile file(ballast(id));
    QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Append | QIODevice::Unbuffered));
    for (std::int64_t left = there - freeBytes; left > 0;) {
        const qint64 written = file.write(QByteArray(static_cast<qsizetype>(std::min<std::int64_t>(left, 65536)), 'b'));
        if (written <= 0)
            return; // full to the last byte
        left -= written;
    }
}

void TestClusterDiskFull::oneFullDiskLosesNothing()
{
    const auto addressOf = [this](int id) { return m_cluster->node(id).clientAddress(); };
    RegisterLoad registers({"one:r", 1}, m_cluster->nodeCount(), addressOf);
    PromiseLoad promises({"one:", 1}, m_cluster->nodeCount(), addressOf);
    registers.start();
    promises.start();
    pass(500);
    fill(2, reserveBytes / 2);
    QVERIFY(happens([&] { return timesLogged(2, " is nearly full: writes that need space are refused") > 0; }));
    pass(1000);
    fill(2, 0);
    pass(1000);
    QVERIFY(QFile::remove(ballast(2)));
    QVERIFY(happens([&] { return timesLogged(2, "there is space on the disk again") > 0; }));
    pass(500);
    QVERIFY(registers.stop(10'000) && promises.stop(10'000));
    // The others are a majority of each partition: nothing waits until its time is over.
    for (const auto& [code, count] : registers.counters().errors)
        QVERIFY2(code != "NOQUORUM", std::to_string(count).c_str());
    QCOMPARE(m_cluster->heal(20'000), QString());
    QCOMPARE(registers.readEverything(), QString());
    QCOMPARE(registers.check(), QString());
    QCOMPARE(promises.check(), QString());
}

void TestClusterDiskFull::fullDisksOfAMajorityRefuseWritesAndServeReads()
{
    const auto addressOf = [this](int id) { return m_cluster->node(id).clientAddress(); };
    RegisterLoad registers({"many:r", 2}, m_cluster->nodeCount(), addressOf);
    PromiseLoad promises({"many:", 2}, m_cluster->nodeCount(), addressOf);
    std::vector<std::string> all{"MSET"};
    for (int i = 0; i < 40; ++i)
        all.insert(all.end(), {"many:key" + std::to_string(i), "before"});
    QVERIFY(!askNode(1, all).isError());
    registers.start();
    promises.start();
    pass(500);
    for (int id = 1; id <= m_cluster->nodeCount(); ++id)
        fill(id, id % 2 == 0 ? 0 : reserveBytes / 4);
    for (int id = 1; id <= m_cluster->nodeCount(); ++id)
        QVERIFY(happens([&] { return timesLogged(id, " full: writes") > 0; }));
    QVERIFY(happens([&] { return askNode(1, {"SET", "many:key1", "after"}).text.starts_with("MISCONF"); }));
    for (int i = 0; i < 40; ++i)
        QCOMPARE(askNode(1 + i % 5, {"GET", "many:key" + std::to_string(i)}).text, "before");
    for (int id = 1; id <= m_cluster->nodeCount(); ++id)
        QVERIFY(QFile::remove(ballast(id)));
    QVERIFY(happens([&] { return askNode(1, {"SET", "many:key1", "after"}).text == "OK"; }));
    pass(500);
    QVERIFY(registers.stop(10'000) && promises.stop(10'000));
    QVERIFY(registers.counters().refused > 0);
    QCOMPARE(m_cluster->heal(20'000), QString());
    QCOMPARE(registers.readEverything(), QString());
    QCOMPARE(registers.check(), QString());
    QCOMPARE(promises.check(), QString());
}

/// On disks that stay as full as they are.
void TestClusterDiskFull::deletesMakeSpace()
{
    constexpr int keys = 600; // of each node three fifths of them: 54 MB
    const auto key = [](int i) { return "large:" + std::to_string(i); };
    for (int i = 0; i < keys; ++i)
        QCOMPARE(askNode(1 + i % 5, {"SET", key(i), std::string(150'000, 'v')}).text, "OK");
    for (int id = 1; id <= m_cluster->nodeCount(); ++id)
        fill(id, reserveBytes / 2);
    QVERIFY(happens([&] { return askNode(1, {"SET", key(0), std::string(200'000, 'w')}).text.starts_with("MISCONF"); }));
    QCOMPARE(askNode(2, {"EXPIRE", key(0), "1"}).integerValue, std::int64_t(1));
    for (int i = 1; i < keys; ++i)
        QCOMPARE(askNode(1 + i % 5, {"DEL", key(i)}).integerValue, std::int64_t(1));
    QVERIFY(happens([&] { return askNode(3, {"EXISTS", key(0)}).integerValue == 0; }));
    QVERIFY(happens([&] { return askNode(1, {"SET", key(0), std::string(200'000, 'w')}).text == "OK"; }));
    for (int id = 1; id <= m_cluster->nodeCount(); ++id)
        QVERIFY(QFile::exists(ballast(id)));
}

void TestClusterDiskFull::nodeOnAFullDiskSaysWhyItDoesNotStart()
{
    QVERIFY(happens([&] { return !askNode(1, {"SET", "start:key", "value"}).isError(); })); // there is space again
    m_cluster->node(4).kill();
    fill(4, 0);
    const qsizetype saidBefore = m_cluster->node(4).log().size();
    const bool started = m_cluster->startNode(4, 5000);
    // Either it serves reads, or it says what is missing.
    if (!started) {
        const QString said = m_cluster->node(4).log().mid(saidBefore);
        QVERIFY2(said.contains(QLatin1String("make some room there")), qPrintable(said));
        const QStringList& ends = m_cluster->node(4).ownEnds();
        QVERIFY2(!ends.isEmpty() && ends.last().endsWith(QLatin1String("ended with status 1")), qPrintable(ends.join(QLatin1String("; "))));
    }
    QVERIFY(QFile::remove(ballast(4)));
    QCOMPARE(m_cluster->heal(20'000), QString());
    QCOMPARE(askNode(4, {"GET", "start:key"}).text, "value");
}

int main(int argc, char** argv)
{
    // Before Qt has threads, so that all of this process is in the new namespace.
    areMountsHidden = hideMounts();
    QCoreApplication application(argc, argv);
    TestClusterDiskFull test;
    return QTest::qExec(&test, argc, argv);
}
#include "test_cluster_disk_full.moc"
