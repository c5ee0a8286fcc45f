// Little space on the disks of replicas: what frees some goes on.
#include "shared/ring/position.h"
#include "tests/unit/core/core_world.h"

#include <QtTest>

using namespace quoit;
using quoit::testing::CoreWorld;

namespace {

constexpr PartitionIndex partition = 0;
constexpr Milliseconds answersWithin{3000};
const std::string deletion(1, '\x05');
const std::string persist(1, '\x0f');

std::string expiryIn(std::int64_t milliseconds)
{
    std::string operation("\x0d\x10", 2);
    for (int i = 0; i < 8; ++i)
        operation += static_cast<char>(milliseconds >> (8 * i) & 0xff);
    return operation;
}

} // namespace

class TestCoreSpace : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_world = std::make_unique<CoreWorld>(4);
        m_replicas.assign(m_world->map().replicas(partition).begin(), m_world->map().replicas(partition).end());
        m_outsider = m_world->outsider(partition);
        m_world->pass(Milliseconds(2000));
    }

    void withLittleSpaceEverywhereDeletesGoOn()
    {
        const std::string key = keyOf(0);
        const std::string other = keyOf(1);
        QVERIFY(statusOf(set(key, "value")) == CompletionStatus::Done && statusOf(set(other, "value")) == CompletionStatus::Done);
        setAll(DiskSpace::Short);
        QVERIFY(statusOf(set(other, "value")) == CompletionStatus::StorageFull);
        QVERIFY(statusOf(set(keyOf(2), "v")) == CompletionStatus::StorageFull);
        QVERIFY(statusOf(submit(key, deletion)) == CompletionStatus::Done);
        QVERIFY(statusOf(submit(other, expiryIn(5000))) == CompletionStatus::Done);
        QVERIFY(statusOf(submit(other, persist)) == CompletionStatus::Done);
        QVERIFY(statusOf(submit(keyOf(3), deletion)) == CompletionStatus::Done); // there is none
        for (const NodeId node : m_replicas)
            QVERIFY(m_world->core(node).counters().freedWhileShort >= 3);
        setAll(DiskSpace::Ample);
        QVERIFY(statusOf(set(key, "again")) == CompletionStatus::Done);
    }

    /// A home that had space for it gave way to nobody: all are alike.
    void withLittleSpaceEverywhereKeysExpire()
    {
        const std::string key = keyOf(0);
        QVERIFY(statusOf(set(key, "value")) == CompletionStatus::Done);
        QVERIFY(statusOf(submit(key, expiryIn(2000))) == CompletionStatus::Done);
        setAll(DiskSpace::Short);
        QVERIFY(m_world->passUntil(Milliseconds(20'000), [&] {
            return std::ranges::all_of(m_replicas, [&](NodeId node) {
                const RecordPtr record = m_world->records(node).find(positionOf(key), key);
                return !record || record->tombstone;
            });
        }));
    }

    void withLittleSpaceOnOneWritesGoOnWithoutIt()
    {
        const NodeId narrow = m_replicas[0]; // the home
        const std::string key = keyOf(0);
        const std::string removed = keyOf(1);
        QVERIFY(statusOf(set(removed, "value")) == CompletionStatus::Done);
        m_world->setDiskSpace(narrow, DiskSpace::Short);
        m_world->pass(Milliseconds(500));
        QVERIFY(statusOf(set(key, "value")) == CompletionStatus::Done);
        QVERIFY(statusOf(submit(removed, deletion)) == CompletionStatus::Done);
        m_world->pass(Milliseconds(1000));
        QVERIFY(!m_world->records(narrow).find(positionOf(key), key));
        QVERIFY(m_world->records(narrow).find(positionOf(removed), removed)->tombstone);
        m_world->setDiskSpace(narrow, DiskSpace::Ample); // and it gets what it missed
        QVERIFY(m_world->passUntil(Milliseconds(60'000), [&] { return m_world->records(narrow).find(positionOf(key), key) != nullptr; }));
    }

    void withoutAnySpaceNothingIsTaken()
    {
        const std::string key = keyOf(0);
        QVERIFY(statusOf(set(key, "value")) == CompletionStatus::Done);
        setAll(DiskSpace::None);
        QVERIFY(statusOf(submit(key, deletion)) == CompletionStatus::StorageFull);
    }

private:
    std::string keyOf(int number) const { return m_world->keyOf(partition, number); }
    RequestId set(const std::string& key, const std::string& value) { return m_world->set(m_outsider, key, value); }
    RequestId submit(const std::string& key, const std::string& operation) { return m_world->submit(m_outsider, key, operation); }
    /// Waits for the answer. Unknown if there is none.
    CompletionStatus statusOf(RequestId request)
    {
        if (!m_world->passUntil(answersWithin, [&] { return m_world->answers.count(request) > 0; }))
            return CompletionStatus::Unknown;
        return m_world->answers.at(request).completion.status;
    }
    void setAll(DiskSpace space)
    {
        for (const NodeId node : m_replicas)
            m_world->setDiskSpace(node, space);
        m_world->pass(Milliseconds(500)); // heartbeats
    }

    std::unique_ptr<CoreWorld> m_world;
    std::vector<NodeId> m_replicas;
    NodeId m_outsider = noNode;
};

QTEST_GUILESS_MAIN(TestCoreSpace)
#include "test_core_space.moc"
