// The records' source is told what comes: once for many keys, in portions that it takes, and never instead of asking it.
#include "node/core/core.h"
#include "tests/unit/core/core_fixture.h"

#include <QtTest>

using namespace quoit;
using quoit::testing::at;

namespace {

/// Remembers what it was told to expect.
class TellingSource : public quoit::testing::MemorySource
{
public:
    void expect(std::span<const Position> positions) override { told.emplace_back(positions.begin(), positions.end()); }

    std::vector<std::vector<Position>> told;
};

std::string keyOf(int number)
{
    return "key" + std::to_string(number);
}

/// Node 1 of three, which knows both others; `keys` records are on its disk.
class Node
{
public:
    explicit Node(int keys)
    {
        for (int i = 0; i < keys; ++i)
            source.put(quoit::testing::recordOf(keyOf(i), {{1, 1, 1}, 1}));
        core.peerConnected(now, 2);
        core.peerConnected(now, 3);
        for (const NodeId peer : {2, 3})
            core.receive(now, peer, {1, Heartbeat{}});
        core.takeEffects();
        source.told.clear();
    }
    std::vector<Message> readsOf(int first, int count) const
    {
        std::vector<Message> messages;
        for (int i = first; i < first + count; ++i)
            messages.push_back({1, ReadRequest{static_cast<Tag>(i), core.map()->partitionOf(positionOf(keyOf(i))), keyOf(i), {}, true, false}});
        return messages;
    }

    const Now now{at(0ms), 1'700'000'000'000};
    TellingSource source;

private:
    quoit::testing::NoLogic m_logic;

public:
    Core core{CoreOptions{}, quoit::testing::stateOfNodeOne(), source, m_logic, 1, now};
};

template <typename Body>
std::size_t countOf(const Effects& effects)
{
    return static_cast<std::size_t>(std::ranges::count_if(
        effects.messages, [](const Outgoing& outgoing) { return std::holds_alternative<Body>(outgoing.message.body); }));
}

} // namespace

class TestCoreLookahead : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void readsOfATurnAreLookedUpTogether()
    {
        Node node(40);
        for (int i = 0; i < 40; ++i)
            node.core.submitRead(node.now, static_cast<RequestId>(i), keyOf(i), Level::One);
        QVERIFY(node.source.told.empty());
        const Effects effects = node.core.takeEffects();
        QCOMPARE(effects.completions.size(), std::size_t(40));
        for (const Completion& completion : effects.completions)
            QCOMPARE(completion.record->key, keyOf(static_cast<int>(completion.request)));
        QCOMPARE(node.source.told.front().size(), RecordSource::expectedMax);
        std::vector<Position> told;
        for (const auto& positions : node.source.told)
            told.insert(told.end(), positions.begin(), positions.end());
        QCOMPARE(told.size(), std::size_t(40));
        for (int i = 0; i < 40; ++i)
            QCOMPARE(told[static_cast<std::size_t>(i)], positionOf(keyOf(i)));
    }

    void messagesOfAFrameAreToldInPortions()
    {
        Node node(50);
        std::vector<Message> messages = node.readsOf(0, 50);
        messages[3] = {1, Heartbeat{}}; // no key
        QCOMPARE(node.core.expect(messages), RecordSource::expectedMax);
        QCOMPARE(node.core.expect(std::span(messages).subspan(RecordSource::expectedMax)), 50 - RecordSource::expectedMax);
        QCOMPARE(node.source.told.size(), std::size_t(2));
        QCOMPARE(node.source.told[0].size(), RecordSource::expectedMax - 1);
        QCOMPARE(node.source.told[1].front(), positionOf(keyOf(RecordSource::expectedMax)));
        QVERIFY(node.core.takeEffects().messages.empty()); // nothing was answered by it
        for (Message& message : messages)
            node.core.receive(node.now, 2, std::move(message));
        QCOMPARE(countOf<ReadReply>(node.core.takeEffects()), std::size_t(49));
    }

    void oneMessageAloneIsNotTold()
    {
        Node node(1);
        const std::vector<Message> messages = node.readsOf(0, 1);
        QCOMPARE(node.core.expect(messages), std::size_t(1));
        QVERIFY(node.source.told.empty());
    }
};

QTEST_APPLESS_MAIN(TestCoreLookahead)
#include "test_core_lookahead.moc"
