// node/server/node_service.h - a running node: owns the core, the store, the links and the sessions, and carries out
// what the core wants. One main thread does everything; the store's own thread reports back through posted events.
// Design: ARCHITECTURE.md, "A request's way".
//
// A turn of the event loop: sockets and the store's reports feed the core; right before the loop would sleep, pump()
// takes the core's effects once, hands the batch to the store, sends one write to each peer and each client, and sets
// the timer for the core's next tick.
#pragma once

#include "node/server/command_center.h"
#include "node/server/copy_pace.h"
#include "node/server/counted_records.h"
#include "node/server/http_listener.h"
#include "node/server/loop_turn.h"
#include "node/server/node_desk.h"
#include "node/server/store_messenger.h"
#include "node/server/strain_meter.h"
#include "node/server/thread_pressure.h"
#include "node/store/sqlite_store.h"

#include <QObject>
#include <QTimer>
#include <functional>
#include <memory>
#include <set>
#include <string>

namespace quoit {

class NodeService final : private NodeDesk, private CoreGate, private PeerLinks::Host, private StoreMessenger::Receiver
{
public:
    /// @param onStopped called once, from the event loop, when beginStop() is through; exit with that code
    NodeService(const ServiceOptions& options, std::function<void(int exitCode)> onStopped);
    ~NodeService() override;
    NodeService(const NodeService&) = delete;
    NodeService& operator=(const NodeService&) = delete;

    /// Opens the folder and the ports. @return what went wrong and what to do; the service is then of no use.
    Result<void> start();
    /// Takes no more requests, finishes those in flight, closes the store. A second call hurries.
    void beginStop();

    /// The bound ones; valid after start().
    const std::string& clientAddress() const { return m_self.clientAddress; }
    const std::string& peerAddress() const { return m_self.peerAddress; }
    const std::string& httpAddress() const { return m_self.httpAddress; } ///< empty: off
    const std::string& name() const { return m_self.name; }
    bool isMember() const { return m_core != nullptr; }

private:
    // NodeDesk
    Now now() const override { return readClocks(); }
    const ServiceOptions& options() const override { return m_options; }
    Core* core() override { return m_core.get(); }
    const Hello& self() const override { return m_self; }
    std::string stateText() const override;
    ClusterView& view() override { return m_view; }
    LoadMeter& meter() override { return m_meter; }
    HotKeys& hotKeys() override { return m_hotKeys; }
    SlowLog& slowLog() override { return m_slowLog; }
    ChangeBook& changeBook() override { return m_changeBook; }
    ClientSessions& sessions() override { return m_sessions; }
    StoreStatistics storeStatistics() const override { return m_store->statistics(); }
    RuntimeSettings settings() const override
    {
        const auto timeout = std::chrono::duration_cast<std::chrono::seconds>(m_options.session.idleMax);
        return {m_options.core.room, m_options.cacheBytes, m_options.cachePolicy, static_cast<std::uint32_t>(timeout.count()),
                m_slowLog.limits()};
    }
    void apply(const RuntimeSettings& settings) override;
    PeerLinksCounters linkCounters() const override { return m_links.counters(); }
    std::vector<PeerLinkFacts> links() const override { return m_links.facts(); }
    IdentityReport identity() const override;
    Result<void> adopt(ClusterMapPtr map) override;

    // CoreGate
    void submitRead(Now now, RequestId request, std::string key, Level level) override;
    void submitWrite(Now now, RequestId request, std::string key, std::string operation, Level level) override;
    void submitScan(RequestId request, Position first, std::uint32_t count) override;
    void submitCount(RequestId request) override;
    void submitLocate(RequestId request, std::string key) override;
    void submitMap(RequestId request, std::function<Result<ClusterMapPtr>(const ClusterMap&)> builder) override;

    // PeerLinks::Host
    std::string peerIntroduced(Now now, const Hello& peer) override;
    void peerConnected(Now now, const Hello& peer) override;
    void peerDisconnected(Now now, NodeId peer) override;
    void peerHeard(Now now, NodeId peer) override;
    void peerMessages(Now now, NodeId from, std::vector<Message>& messages) override;
    void mapOffered(ClusterMapPtr map) override;
    void emptyNodeFound(NodeId id, const Hello& found) override;

    // StoreMessenger::Receiver
    void storeDurable(PersistSequence upTo) override;
    void storeSpace(DiskSpace space) override;

    Result<void> openStore();
    /// A member that may choose its ports (port 0) comes back at those that the map tells everybody.
    void keepKnownPorts();
    Result<void> listen();
    std::string placeInTheMap() const;
    void startCore();
    void pump();
    bool carryOut(Effects effects);
    void onCoreEvent(const CoreEvent& event);
    void logPeer(const CoreEvent& event);
    void mapAdopted();
    void letClientsGo();
    void stayAfterAll();
    [[noreturn]] void endRefused(NodeId by, const std::string& reason);
    void armTick();
    void onTick();
    void onHousekeeping();
    void everySecond();
    void sendHeartbeats();
    void pushWatches();
    Gossip ownGossip();
    HttpReply answerHttp(std::string_view path);
    void onStopProgress();
    void finishStop();

    enum class Phase { Waiting, Serving, Stopping, Stopped };

    ServiceOptions m_options; ///< with the bound addresses after start()
    std::function<void(int)> m_onStopped;
    Phase m_phase = Phase::Waiting;
    StoreMessenger m_messenger; // outlives the store
    std::unique_ptr<SqliteStore> m_store;
    std::unique_ptr<CountedRecords> m_records; ///< the store, for the core
    std::unique_ptr<Core> m_core; ///< null while waiting
    Hello m_self;
    ClusterView m_view;
    LoadMeter m_meter;
    HotKeys m_hotKeys;
    SlowLog m_slowLog;
    CopyPace m_copyPace;
    ChangeBook m_changeBook;
    CommandCenter m_commands;
    ClientSessions m_sessions;
    ThreadPressure m_pressure;
    StrainMeter m_strain;
    Busy m_busy; ///< by it
    PeerLinks m_links;
    HttpListener m_http;

    QObject m_context; ///< of the timers' connections
    std::unique_ptr<LoopTurn> m_turn;
    QTimer m_tickTimer;
    QTimer m_housekeepingTimer;
    TimePoint m_tickDue{};
    TimePoint m_lastTick{};
    TimePoint m_nextSecond{};
    TimePoint m_nextHeartbeat{};
    TimePoint m_stopDeadline{};
    TimePoint m_clientsStayUntil{}; ///< zero unless this node lets its clients go: it leaves its cluster, or stops
    std::set<NodeId> m_silentPeers; ///< suspected, though their links are up
    std::uint64_t m_heartbeats = 0;
    bool m_gossipFresh = false;    ///< the next heartbeats carry figures
    StoreStatistics m_storeBefore; ///< a second ago, as the next two
    std::uint64_t m_expiredBefore = 0;
    std::uint64_t m_evictedBefore = 0;
};

} // namespace quoit
