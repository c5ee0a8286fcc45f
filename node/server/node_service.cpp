// Starting, adopting a map, stopping. The turn of the event loop is in node_service_turn.cpp.
#include "node/server/node_service.h"

#include "node/server/log.h"
#include "node/store/data_folder.h"

#include <QRandomGenerator>
#include <QSysInfo>
#include <algorithm>

namespace quoit {

namespace {

constexpr std::chrono::milliseconds housekeepingInterval{50};
constexpr Milliseconds stopPatience{3000};
/// Then a client that never stops asking gets its last answers.
constexpr Milliseconds clientsMayAsk{1000};

} // namespace

NodeService::NodeService(const ServiceOptions& options, std::function<void(int)> onStopped)
    : m_options(options)
    , m_onStopped(std::move(onStopped))
    , m_messenger(*this)
    , m_meter(readClocks().monotonic)
    , m_hotKeys(static_cast<std::uint64_t>(readClocks().monotonic.time_since_epoch().count()))
    , m_commands(*this, *this, static_cast<std::uint64_t>(readClocks().monotonic.time_since_epoch().count()))
    , m_sessions(options.session, options.clientsMax, m_commands, options.sessionMemory)
    , m_links(options.links, *this)
    , m_http([this](std::string_view path) { return answerHttp(path); })
{
    m_tickTimer.setTimerType(Qt::PreciseTimer);
    m_tickTimer.setSingleShot(true);
    QObject::connect(&m_tickTimer, &QTimer::timeout, &m_context, [this] { onTick(); });
    m_housekeepingTimer.setTimerType(Qt::PreciseTimer);
    QObject::connect(&m_housekeepingTimer, &QTimer::timeout, &m_context, [this] { onHousekeeping(); });
}

NodeService::~NodeService() = default;

Result<void> NodeService::start()
{
    if (Result<void> opened = openStore(); !opened) {
        if (opened.error().code != ErrorCode::Corrupt || !m_options.core.autoReplace)
            return opened;
        const Result<std::string> aside = putAside(m_options.dataDir);
        if (!aside)
            return aside.error();
        logLine(LogLevel::Warning, opened.error().message);
        logLine(LogLevel::Warning, "the damaged data was put aside in " + aside.value() +
                                       "; this node begins with an empty folder, and takes its own place in the ring "
                                       "again if its peers run with --auto-replace");
        if (opened = openStore(); !opened)
            return opened;
    }
    if (const StoredState& state = m_store->state(); state.map && !state.map->member(state.identity.node))
        return Error{
            ErrorCode::Refused,
            "the node of " + m_options.dataDir +
                " has been removed from its cluster; start with an empty folder, and let it join as a new node"};
    if (Result<void> listening = listen(); !listening)
        return listening;

    const Identity& identity = m_store->state().identity;
    m_self.diskId = identity.diskId;
    m_self.incarnation = identity.incarnation;
    m_self.session = QRandomGenerator::system()->generate64();
    m_self.programVersion = m_options.programVersion;
    m_self.name = m_options.name.empty()
                      ? QSysInfo::machineHostName().toStdString() + ':' + std::to_string(m_options.listen.port)
                      : m_options.name;
    if (m_store->state().map) {
        startCore();
    } else {
        m_links.become(m_self, nullptr);
        m_view.become(m_self, nullptr, now().monotonic);
        logLine(LogLevel::Info, "waits to be made part of a cluster");
    }
    m_nextSecond = m_nextHeartbeat = now().monotonic;
    m_housekeepingTimer.start(housekeepingInterval);
    m_turn = std::make_unique<LoopTurn>([this] { pump(); });
    return {};
}

Result<void> NodeService::openStore()
{
    SqliteStoreOptions options;
    options.dir = m_options.dataDir;
    options.cacheBytes = m_options.cacheBytes;
    options.logBytes = logBytesFor(m_options.cacheBytes);
    options.logBytesMax = logBytesMaxFor(m_options.cacheBytes);
    options.cachePolicy = m_options.cachePolicy;
    Result<std::unique_ptr<SqliteStore>> store = SqliteStore::open(std::move(options), m_messenger);
    if (!store)
        return store.error();
    m_store = std::move(store).value();
    return {};
}

void NodeService::keepKnownPorts()
{
    const StoredState& state = m_store->state();
    const Member* const member = state.map ? state.map->member(state.identity.node) : nullptr;
    if (!member)
        return;
    const auto keep = [](Address& address, const std::string& known) {
        const Result<Address> before = addressFromText(known);
        if (address.port == 0 && before.ok() && before.value().host == address.host)
            address.port = before.value().port;
    };
    keep(m_options.listen, member->clientAddress);
    keep(m_options.peerListen, member->peerAddress);
    if (m_options.httpListen)
        keep(*m_options.httpListen, member->httpAddress);
}

/// @return what is to be done if the map has this node at other addresses than it listens on; empty: it hasn't
std::string NodeService::placeInTheMap() const
{
    const StoredState& state = m_store->state();
    const Member* const member = state.map ? state.map->member(state.identity.node) : nullptr;
    if (!member || (member->clientAddress == m_self.clientAddress && member->peerAddress == m_self.peerAddress))
        return {};
    return "the ring has this node at " + member->clientAddress + " and " + member->peerAddress + ", and it was to listen on " +
           m_self.clientAddress + " and " + m_self.peerAddress + ": start it with --listen " + member->clientAddress +
           " --peer-listen " + member->peerAddress +
           ". At another address a node is a new one, with an empty folder: quoit plan replace. If " + m_options.dataDir +
           " is a copy, delete it: it mustn't run beside the original";
}

Result<void> NodeService::listen()
{
    const bool isTold = m_options.listen.port != 0 && m_options.peerListen.port != 0;
    keepKnownPorts();
    const Result<Address> client = m_sessions.listen(m_options.listen);
    if (!client)
        return client.error();
    const Result<Address> peer = m_links.listen(m_options.peerListen);
    if (!peer)
        return peer.error();
    m_options.listen = client.value();
    m_options.peerListen = peer.value();
    m_self.clientAddress = client.value().toText();
    m_self.peerAddress = peer.value().toText();
    if (const std::string elsewhere = isTold ? placeInTheMap() : std::string(); !elsewhere.empty())
        return Error{ErrorCode::Refused, elsewhere};
    if (!m_options.httpListen)
        return {};
    const Result<Address> http = m_http.listen(*m_options.httpListen);
    if (!http)
        return http.error();
    m_options.httpListen = http.value();
    m_self.httpAddress = http.value().toText();
    return {};
}

void NodeService::startCore()
{
    const StoredState& state = m_store->state();
    const Now time = now();
    m_self.node = state.identity.node;
    m_self.clusterId = state.map->clusterId();
    m_self.epoch = state.map->epoch();
    m_self.progress = state.progress;
    if (const Member* member = state.map->member(m_self.node); member && !member->name.empty()) {
        if (!m_options.name.empty() && m_options.name != member->name)
            logLine(LogLevel::Warning, "the cluster knows this node as " + member->name + ": the name " + m_options.name + " isn't used");
        m_self.name = member->name;
    }
    const std::uint64_t seed = static_cast<std::uint64_t>(time.wallMs) ^ (state.identity.incarnation << 32) ^
                               (std::uint64_t(m_self.node) << 48);
    m_records = std::make_unique<CountedRecords>(*m_store, m_sessions.memory());
    m_core = std::make_unique<Core>(m_options.core, state, *m_records, m_commands.logic(), seed, time);
    m_core->diskSpace(time, m_messenger.space());
    m_phase = Phase::Serving;
    m_view.become(m_self, state.map, time.monotonic);
    m_links.become(m_self, state.map);
    logLine(LogLevel::Info, "serves as node " + std::to_string(m_self.node) + " (" + m_self.name + ") of cluster " +
                                m_self.clusterId + ", map " + std::to_string(m_self.epoch) + ", incarnation " +
                                std::to_string(m_self.incarnation));
    // With a free port of its own it may stand behind a proxy.
    if (const std::string elsewhere = placeInTheMap(); !elsewhere.empty())
        logLine(LogLevel::Warning, elsewhere);
}

Result<void> NodeService::adopt(ClusterMapPtr map)
{
    const auto& members = map->members();
    const auto self = std::find_if(members.begin(), members.end(),
                                   [this](const Member& member) { return member.diskId == m_self.diskId; });
    if (m_phase == Phase::Stopping || m_phase == Phase::Stopped)
        return Error{ErrorCode::Refused, "this node is stopping"};
    if (m_core) {
        if (m_core->map()->clusterId() == map->clusterId() && map->revision() <= m_core->map()->revision())
            return {};
        return Error{ErrorCode::Refused, "this node belongs to cluster " + m_self.clusterId + " already"};
    }
    if (self == members.end())
        return Error{ErrorCode::InvalidArgument, "the map doesn't list this node's disk " + m_self.diskId};
    if (Result<void> stored = m_store->setIdentity(self->id, map); !stored)
        return stored;
    startCore();
    return {};
}

void NodeService::mapOffered(ClusterMapPtr map)
{
    const Result<void> adopted = adopt(std::move(map));
    if (!adopted)
        logLine(LogLevel::Warning, "didn't take the map that a member offered: " + adopted.error().message);
}

std::string NodeService::stateText() const
{
    switch (m_phase) {
    case Phase::Waiting:
        return "waiting";
    case Phase::Serving:
        return "serving";
    case Phase::Stopping:
    case Phase::Stopped:
        break;
    }
    return "stopping";
}

IdentityReport NodeService::identity() const
{
    IdentityReport report;
    report.diskId = m_self.diskId;
    report.node = m_self.node;
    report.clusterId = m_self.clusterId;
    report.name = m_self.name;
    report.clientAddress = m_self.clientAddress;
    report.peerAddress = m_self.peerAddress;
    report.httpAddress = m_self.httpAddress;
    report.zone = m_options.zone;
    report.weight = m_options.weight;
    report.diskFreeBytes = freeBytes(m_options.dataDir);
    report.state = stateText();
    report.version = m_options.programVersion;
    return report;
}

void NodeService::apply(const RuntimeSettings& settings)
{
    const RuntimeSettings before = this->settings();
    m_options.core.room = settings.room;
    m_options.cacheBytes = settings.cacheBytes;
    m_options.cachePolicy = settings.cachePolicy;
    m_options.session.idleMax = std::chrono::seconds(settings.timeoutSeconds);
    m_sessions.setIdleMax(m_options.session.idleMax);
    m_slowLog.setLimits(settings.slowLog);
    if (settings.cacheBytes != before.cacheBytes)
        m_store->setCacheBytes(settings.cacheBytes);
    if (settings.cachePolicy != before.cachePolicy)
        m_store->setCachePolicy(settings.cachePolicy);
    if (m_core)
        m_core->setRoom(now(), settings.room);
    logLine(LogLevel::Info, "settings: max-bytes " + std::to_string(settings.room.bytesMax) + ", eviction-policy " +
                                std::string(toText(settings.room.policy)) + ", cache-bytes " +
                                std::to_string(settings.cacheBytes) + ", cache-policy " +
                                std::string(toText(settings.cachePolicy)) + ", timeout " + std::to_string(settings.timeoutSeconds) +
                                ", slowlog-log-slower-than " + std::to_string(settings.slowLog.thresholdUs) +
                                ", slowlog-max-len " + std::to_string(settings.slowLog.entriesMax));
}

void NodeService::beginStop()
{
    if (m_phase == Phase::Stopped)
        return;
    const TimePoint time = now().monotonic;
    if (m_phase == Phase::Stopping) {
        m_stopDeadline = time;
        return;
    }
    logLine(LogLevel::Info, "stops: finishes what is in flight");
    m_phase = Phase::Stopping;
    m_stopDeadline = time + stopPatience;
    m_clientsStayUntil = time + clientsMayAsk;
    m_http.stop();
}

void NodeService::onStopProgress()
{
    m_sessions.letGo(now().monotonic, m_clientsStayUntil);
    if (m_sessions.count() > 0 && now().monotonic < m_stopDeadline)
        return;
    finishStop();
}

void NodeService::finishStop()
{
    m_phase = Phase::Stopped;
    m_housekeepingTimer.stop();
    m_tickTimer.stop();
    m_sessions.closeAll();
    m_links.stop();
    const Result<void> closed = m_store->close();
    if (!closed)
        logLine(LogLevel::Error, "the store couldn't be closed in order: " + closed.error().message);
    logLine(LogLevel::Info, "stopped");
    m_onStopped(closed ? 0 : 1);
}

} // namespace quoit
