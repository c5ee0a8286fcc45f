// QUOIT.*: what operators ask. The shapes of the replies are in shared/admin/node_report.h.
#include "node/server/server_commands.h"

#include "shared/admin/node_report.h"
#include "shared/resp/numbers.h"
#include "shared/ring/position.h"

#include <QByteArray>
#include <algorithm>

namespace quoit {

namespace {

void level(CommandCall& call)
{
    if (!call.needs(1, 2))
        return;
    SessionState& state = call.session.state();
    if (call.arguments.size() == 1) {
        call.reply().bulk(state.readLevel() == Level::One ? "one" : state.level == Level::All ? "all" : "quorum");
        return;
    }
    const std::string wanted = upperCase(call.argument(1));
    if (wanted == "ONE") {
        state.level = Level::One;
    } else if (wanted == "QUORUM") {
        state.level = Level::Quorum;
    } else if (wanted == "ALL") {
        state.level = Level::All;
    } else {
        call.reply().error("ERR level must be one, quorum or all");
        return;
    }
    state.readOnly = false;
    call.reply().simpleString("OK");
}

class LocateCommand final : public LongCommand
{
public:
    LocateCommand(LongCommandDesk& desk, Session& session, NodeDesk& node, std::string_view key)
        : LongCommand(desk, session)
        , m_node(node)
        , m_key(key)
    {}

    void start() override { desk().askLocate(shared_from_this(), m_key); }

    void onLocate(LocateResult result) override
    {
        const ClusterMap& map = *m_node.core()->map();
        LocateReport report;
        report.key = m_key;
        report.position = positionOf(m_key);
        report.slot = hashSlot(m_key);
        report.partition = map.partitionOf(report.position);
        report.home = result.home;
        for (const NodeId id : map.replicas(report.partition)) {
            ReplicaReport replica;
            replica.node = id;
            const auto answer = std::find_if(result.replicas.begin(), result.replicas.end(),
                                             [id](const auto& entry) { return entry.first == id; });
            if (answer != result.replicas.end())
                fill(replica, answer->second);
            report.replicas.push_back(std::move(replica));
        }
        answer([&report](RespWriter& reply) { reply.write(toResp(report)); });
    }

private:
    static void fill(ReplicaReport& replica, const ReadReply& read)
    {
        replica.answered = true;
        replica.present = read.present && !read.tombstone;
        replica.tombstone = read.present && read.tombstone;
        if (!read.present)
            return;
        replica.version = read.version.toString();
        replica.valueBytes = read.valueBytes;
        replica.expiryMs = read.expiryMs;
    }

    NodeDesk& m_node;
    const std::string m_key;
};

void locate(CommandCall& call)
{
    if (call.needs(2, 2) && call.needsCluster())
        call.start(std::make_shared<LocateCommand>(call.desk, call.session, call.node, call.argument(1)));
}

void status(CommandCall& call)
{
    if (call.needs(1, 1))
        call.reply().write(toResp(call.node.view().status(call.node.now(), call.node.core(), call.node.stateText())));
}

void ring(CommandCall& call)
{
    if (call.needs(1, 1) && call.needsCluster())
        call.reply().write(toResp(*call.node.core()->map()));
}

void nodes(CommandCall& call)
{
    if (call.needs(1, 1))
        call.reply().write(toResp(call.node.view().nodes(call.node.now(), call.node.core())));
}

void appendFigure(RespValue& map, std::string name, std::uint64_t value)
{
    map.elements.push_back(RespValue::bulk(std::move(name)));
    map.elements.push_back(RespValue::integer(static_cast<std::int64_t>(value)));
}

void appendCore(RespValue& map, const CoreCounters& counters)
{
    appendFigure(map, "takeovers", counters.takeovers);
    appendFigure(map, "handovers", counters.handovers);
    appendFigure(map, "homes-spared", counters.homesSpared);
    appendFigure(map, "read-rounds", counters.readRounds);
    appendFigure(map, "reads-shared", counters.readsShared);
    appendFigure(map, "reads-disagreed", counters.readsDisagreed);
    appendFigure(map, "reads-through-home", counters.readsThroughHome);
    appendFigure(map, "reads-hedged", counters.readsHedged);
    appendFigure(map, "finds", counters.finds);
    appendFigure(map, "finds-unchosen", counters.findsUnchosen);
    appendFigure(map, "confirms", counters.confirms);
    appendFigure(map, "settles", counters.settles);
    appendFigure(map, "carried-over", counters.carriedOver);
    appendFigure(map, "retries", counters.retries);
    appendFigure(map, "interrupted", counters.interrupted);
    appendFigure(map, "not-bound", counters.notBound);
    appendFigure(map, "recall-applied", counters.recallApplied);
    appendFigure(map, "recall-new", counters.recallNew);
    appendFigure(map, "recall-remembered-but-dead", counters.recallRememberedButDead);
    appendFigure(map, "recall-through-ancestors", counters.recallThroughAncestors);
    appendFigure(map, "recall-unknown", counters.recallUnknown);
    appendFigure(map, "refusals", counters.refusals);
    appendFigure(map, "learns-sent", counters.learnsSent);
    appendFigure(map, "hints-stored", counters.hintsStored);
    appendFigure(map, "hints-delivered", counters.hintsDelivered);
    appendFigure(map, "hints-dropped", counters.hintsDropped);
    appendFigure(map, "comparisons", counters.repair.comparisons);
    appendFigure(map, "comparisons-differing", counters.repair.differing);
    appendFigure(map, "keys-repaired", counters.repair.keysRepaired);
    appendFigure(map, "keys-settled", counters.repair.settles);
    appendFigure(map, "floors-tried", counters.repair.floorsTried);
    appendFigure(map, "floors-raised", counters.repair.floorsRaised);
    appendFigure(map, "tombstones-removed", counters.repair.tombstonesRemoved);
    appendFigure(map, "expired", counters.expired);
    appendFigure(map, "unknown", counters.unknown);
    appendFigure(map, "no-quorum", counters.noQuorum);
}

/// The figures of this node, and beside them every counter it has.
void stats(CommandCall& call)
{
    if (!call.needs(1, 1))
        return;
    RespValue map = toResp(call.node.view().own().figures);
    const LoadTotals& totals = call.node.meter().totals();
    appendFigure(map, "commands", totals.commands);
    appendFigure(map, "reads", totals.reads);
    appendFigure(map, "writes", totals.writes);
    appendFigure(map, "failed-commands", totals.failures());
    for (const CompletionStatus kind : failureKinds)
        appendFigure(map, "failed-" + QByteArray::fromStdString(std::string(errorCodeOf(kind))).toLower().toStdString(), totals.failedFor(kind));
    if (call.node.core())
        appendCore(map, call.node.core()->counters());
    const PeerLinksCounters links = call.node.linkCounters();
    appendFigure(map, "peer-messages-sent", links.messagesSent);
    appendFigure(map, "peer-messages-received", links.messagesReceived);
    appendFigure(map, "peer-messages-dropped", links.messagesDropped);
    appendFigure(map, "peer-sends", links.writes);
    appendFigure(map, "peer-bytes-sent", links.bytesSent);
    appendFigure(map, "peer-bytes-received", links.bytesReceived);
    appendFigure(map, "peer-links-made", links.linksMade);
    appendFigure(map, "peer-links-lost", links.linksLost);
    appendFigure(map, "peer-links-refused", links.linksRefused);
    const StoreStatistics store = call.node.storeStatistics();
    appendFigure(map, "store-batches", store.batches);
    appendFigure(map, "store-transactions", store.transactions);
    appendFigure(map, "store-records-written", store.recordsWritten);
    appendFigure(map, "store-commit-p50-us", store.commitLatency.percentile(0.5));
    appendFigure(map, "store-commit-p999-us", store.commitLatency.percentile(0.999));
    appendFigure(map, "store-queued-bytes", store.queuedBytes);
    appendFigure(map, "store-pages-verified", store.scrub.pagesVerified);
    appendFigure(map, "store-scrubs", store.scrub.passes);
    appendFigure(map, "store-scrubbed-at-ms", static_cast<std::uint64_t>(store.scrub.passEndedMs));
    call.reply().write(map);
}

/// QUOIT.HOTKEYS [COUNT n]
void hotKeys(CommandCall& call)
{
    constexpr std::int64_t countMax = 100;
    std::int64_t count = 10;
    if (call.arguments.size() != 1 && call.arguments.size() != 3)
        return call.wrongArity();
    if (call.arguments.size() == 3) {
        const auto wanted = parseInteger(call.argument(2));
        if (upperCase(call.argument(1)) != "COUNT" || !wanted || *wanted < 1 || *wanted > countMax) {
            call.reply().error("ERR say QUOIT.HOTKEYS, or QUOIT.HOTKEYS COUNT n with n from 1 to 100");
            return;
        }
        count = *wanted;
    }
    call.reply().write(toResp(call.node.view().hotKeys(call.node.now(), static_cast<std::size_t>(count))));
}

void watch(CommandCall& call)
{
    if (!call.needs(1, 1))
        return;
    if (call.session.state().protocol < 3) {
        call.reply().error("ERR QUOIT.WATCH pushes reports, which RESP2 can't carry; say HELLO 3 first");
        return;
    }
    call.session.state().watching = true;
    call.reply().simpleString("OK");
}

void identity(CommandCall& call)
{
    if (call.needs(1, 1))
        call.reply().write(toResp(call.node.identity()));
}

void adopt(CommandCall& call)
{
    if (!call.needs(2, 2))
        return;
    Result<ClusterMapPtr> map = ClusterMap::decode(call.argument(1));
    if (!map) {
        call.reply().error("ERR that is no map: " + map.error().message);
        return;
    }
    const Result<void> adopted = call.node.adopt(std::move(map).value());
    if (adopted)
        call.reply().simpleString("OK");
    else
        call.reply().error("ERR " + adopted.error().message);
}

} // namespace

bool runQuoitCommand(CommandId id, CommandCall& call)
{
    switch (id) {
    case CommandId::QuoitLevel:
        level(call);
        return true;
    case CommandId::QuoitLocate:
        locate(call);
        return true;
    case CommandId::QuoitStatus:
        status(call);
        return true;
    case CommandId::QuoitRing:
        ring(call);
        return true;
    case CommandId::QuoitNodes:
        nodes(call);
        return true;
    case CommandId::QuoitStats:
        stats(call);
        return true;
    case CommandId::QuoitHotKeys:
        hotKeys(call);
        return true;
    case CommandId::QuoitWatch:
        watch(call);
        return true;
    case CommandId::QuoitIdentity:
        identity(call);
        return true;
    case CommandId::QuoitAdopt:
        adopt(call);
        return true;
    default:
        return false;
    }
}

} // namespace quoit
